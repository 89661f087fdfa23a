"""The policy pack, as `pulumi preview --policy-pack policy` starts it."""

from headway_policy import pack

if __name__ == "__main__":
    pack()
