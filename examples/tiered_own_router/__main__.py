"""Tiers behind a router of the team's own: Headway makes the parts, the team says which request goes where."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from headway import load_profile, plan
from headway_components import Tiered

HERE = Path(__file__).parent
# The profile says `router: own`, so neither the plan's bill nor the component holds one.
made = plan(load_profile(HERE / "profile.yaml"), only="tiered")
if made.design is None or made.chosen is None:
    raise SystemExit("these tiers cannot be served")
uploads = Tiered("uploads", {"design": made.design, "monthly_bill": made.chosen.bill, "max_monthly": 2000})

role = aws.iam.Role(
    "router",
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ],
        }
    ),
)
# What these parts need of whoever sends them requests, and no more.
policy = aws.iam.RolePolicy("router", role=role.name, policy=uploads.router_policy)
router = aws.lambda_.Function(
    "router",
    runtime="python3.13",
    architectures=["arm64"],
    handler="router.handler",
    code=pulumi.FileArchive(str(HERE / "router")),
    role=role.arn,
    timeout=29,
    memory_size=256,
    environment={"variables": {"ROUTING": uploads.routing}},
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)
pulumi.export("router", router.name)
pulumi.export("results_bucket", uploads.results_bucket)
pulumi.export("addresses", uploads.addresses)
pulumi.export("monthly_bill", uploads.monthly_bill)
