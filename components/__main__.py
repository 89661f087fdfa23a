"""The components as a Pulumi package: what the engine starts for programs in other languages."""

import sys

from pulumi.provider import main

from headway_components.package import Package

if __name__ == "__main__":
    main(Package(), sys.argv[1:])
