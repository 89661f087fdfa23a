"""One function an AWS service: a month's usage in, the bill's lines out, with AWS's own rounding and chunking.

Each takes ``pricing`` and keyword usage (plain numbers or ``Range``), and passes ``description``, ``assumptions`` and
``resource_types`` on to its lines. A meter that was not used makes no line.
"""

from headway.bill.services.compute import ebs, ec2, ec2_reserved
from headway.bill.services.containers import ecr, fargate
from headway.bill.services.endpoints import sagemaker_hosting, sagemaker_serverless
from headway.bill.services.functions import lambda_
from headway.bill.services.gateways import api_gateway
from headway.bill.services.messaging import eventbridge, pipes, scheduler, sns, sqs
from headway.bill.services.network import data_transfer, interface_endpoint, nat_gateway, public_ipv4
from headway.bill.services.observability import cloudwatch
from headway.bill.services.storage import s3
from headway.bill.services.tables import dynamodb
from headway.bill.services.workflows import step_functions

__all__ = [
    "api_gateway",
    "cloudwatch",
    "data_transfer",
    "dynamodb",
    "ebs",
    "ec2",
    "ec2_reserved",
    "ecr",
    "eventbridge",
    "fargate",
    "interface_endpoint",
    "lambda_",
    "nat_gateway",
    "pipes",
    "public_ipv4",
    "s3",
    "sagemaker_hosting",
    "sagemaker_serverless",
    "scheduler",
    "sns",
    "sqs",
    "step_functions",
]
