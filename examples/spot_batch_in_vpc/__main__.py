"""A team's own program: its VPC, its alarm topic, and a fleet of Headway's in it that nobody reaches from outside."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from headway import load_profile, plan
from headway_components import SpotBatch

# In production, lock: `headway lock` writes the plan, and read_lock("plans/prod.json").plan takes the place of this.
made = plan(load_profile(Path(__file__).parent / "profile.yaml"), only="batch")
design = made.design
if design is None or made.chosen is None:
    raise SystemExit("batch does not make this wait")

# What the team has anyway.
vpc = aws.ec2.Vpc("team", cidr_block="10.40.0.0/16", enable_dns_hostnames=True, tags={"Name": "team"})
gateway = aws.ec2.InternetGateway("team", vpc_id=vpc.id)
routes = aws.ec2.RouteTable("team", vpc_id=vpc.id)
aws.ec2.Route("team-out", route_table_id=routes.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
subnets = []
for index, zone in enumerate("ab"):
    subnet = aws.ec2.Subnet(
        f"team-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.40.{index}.0/24",
        availability_zone=f"{design.region}{zone}",
        # Workers fetch images and talk to AWS over HTTPS. Private subnets do as well, with a way out of their own.
        map_public_ip_on_launch=True,
    )
    aws.ec2.RouteTableAssociation(f"team-{zone}", subnet_id=subnet.id, route_table_id=routes.id)
    subnets.append(subnet)
# Free, and keeps bodies, results and artifacts off the internet.
aws.ec2.VpcEndpoint(
    "team-s3", vpc_id=vpc.id, service_name=f"com.amazonaws.{design.region}.s3", route_table_ids=[routes.id]
)

# What Headway adds to it.
documents = SpotBatch(
    "documents",
    {
        "design": design,
        "monthly_bill": made.chosen.bill,
        "max_monthly": 300,
        "vpc_id": vpc.id,
        "subnet_ids": [subnet.id for subnet in subnets],
        "tags": {"team": "lending"},
    },
)
for name in ("queue_url", "results_bucket", "dead_letter_queue", "monthly_bill"):
    pulumi.export(name, getattr(documents, name))
