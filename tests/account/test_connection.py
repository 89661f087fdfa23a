"""One door to AWS: what it says of each refusal, what it lets through, how it pages."""

import subprocess
import sys
from pathlib import Path

import botocore.exceptions as botocore_errors
import pytest

from headway.account import PERMISSIONS, AccountError, connect, connection, policy, telling
from headway.account.permissions import action_of
from tests.account.stubs import FakeAws


@pytest.mark.parametrize(
    ("code", "message", "kind", "said"),
    [
        ("ExpiredTokenException", "The security token included in the request is expired", "expired", "log in again"),
        ("ExpiredToken", "The provided token has expired.", "expired", "aws sso login"),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "credentials", "aws sts"),
        ("AccessDeniedException", "You are not authorized to perform this action", "denied", "denied pricing:GetProducts"),
        ("ThrottlingException", "Rate exceeded", "throttled", "pricing:GetProducts"),
        ("InvalidSignatureException", "Signature expired: 20261125T0900Z is now earlier than ...", "clock", "clock is off"),
        ("ValidationException", "Value 'x' at 'filters' failed", "refused", "ValidationException: Value 'x'"),
        ("ResourceNotFoundException", "Queue not found", "absent", "Queue not found"),
    ],
)  # fmt: skip
def test_each_refusal_of_aws_says_what_to_do(aws: FakeAws, code: str, message: str, kind: str, said: str) -> None:
    aws.on("pricing").add_client_error("get_products", code, message, 400)

    with pytest.raises(AccountError) as caught:
        connect("prices refresh", region="us-east-1").ask("pricing", "get_products", ServiceCode="AmazonEC2")

    assert caught.value.kind == kind
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_denied_names_the_permission_that_aws_names_and_whom_it_denied(aws: FakeAws) -> None:
    aws.on("ec2").add_client_error(
        "describe_spot_price_history", "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ann is not authorized "
        "to perform: ec2:DescribeSpotPriceHistory with an explicit deny in a service control policy", 403,
    )  # fmt: skip

    with pytest.raises(AccountError) as caught:
        connect("prices refresh", region="us-east-1").ask("ec2", "describe_spot_price_history")

    assert str(caught.value) == (
        "AWS denied ec2:DescribeSpotPriceHistory to arn:aws:iam::123456789012:user/ann (service control policy): "
        "allow it; `headway prices refresh` needs it"
    )
    assert caught.value.action == "ec2:DescribeSpotPriceHistory"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (botocore_errors.NoCredentialsError(), "credentials", "no AWS credentials were found"),
        (botocore_errors.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "credentials", "AWS_SECRET"),
        (botocore_errors.ProfileNotFound(profile="work"), "credentials", "work"),
        (botocore_errors.UnauthorizedSSOTokenError(), "expired", "aws sso login"),
        (botocore_errors.NoRegionError(), "region", "--region"),
        (botocore_errors.EndpointConnectionError(endpoint_url="https://x.test"), "unreachable", "https://x.test"),
        (botocore_errors.ConnectTimeoutError(endpoint_url="https://x.test"), "unreachable", "network"),
        (botocore_errors.ReadTimeoutError(endpoint_url="https://x.test"), "unreachable", "network"),
        (botocore_errors.ParamValidationError(report="Missing parameter"), "refused", "Missing parameter"),
    ],
)  # fmt: skip
def test_what_botocore_cannot_do_is_told_too(error: Exception, kind: str, said: str) -> None:
    with pytest.raises(AccountError) as caught, telling("ce:GetCostAndUsage", "reconcile"):
        raise error

    assert caught.value.kind == kind
    assert said in str(caught.value)


def test_without_credentials_the_real_client_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(AccountError, match="no AWS credentials were found"):
        connect("prices refresh", region="us-east-1").ask("pricing", "get_products", ServiceCode="AmazonEC2")


def test_a_profile_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

    with pytest.raises(AccountError, match="no-such-profile"):
        connect("prices refresh", region="us-east-1").client("pricing")


def test_the_real_client_retries_adaptively() -> None:
    client = connection.make_client("pricing", "us-east-1")

    assert client.meta.config.retries == {"mode": "adaptive", "total_max_attempts": connection.ATTEMPTS}


def test_a_call_without_a_permission_row_never_leaves(aws: FakeAws) -> None:
    aws.on("sqs")

    with pytest.raises(AssertionError, match="headway prices refresh calls sqs:ListQueues"):
        connect("prices refresh", region="us-east-1").ask("sqs", "list_queues")


def test_pages_come_to_the_last_with_botocores_paginator(aws: FakeAws) -> None:
    stub = aws.on("pricing")
    question = {"ServiceCode": "AmazonEC2"}
    stub.add_response("get_products", {"PriceList": ["1", "2"], "NextToken": "more"}, question)
    stub.add_response("get_products", {"PriceList": ["3"]}, question | {"NextToken": "more"})

    pages = connect("prices refresh", region="us-east-1").pages("pricing", "get_products", **question)

    assert [item for page in pages for item in page["PriceList"]] == ["1", "2", "3"]
    aws.all_asked()


def test_pages_come_to_the_last_where_botocore_has_no_paginator(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PERMISSIONS, "costs", ("ce:GetCostAndUsage",))
    stub = aws.on("ce")
    question = {"TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"}, "Granularity": "MONTHLY",
                "Metrics": ["UnblendedCost"]}  # fmt: skip
    stub.add_response("get_cost_and_usage", {"ResultsByTime": [{"Estimated": True}], "NextPageToken": "b"}, question)
    stub.add_response("get_cost_and_usage", {"ResultsByTime": []}, question | {"NextPageToken": "b"})

    pages = list(connect("costs", region="us-east-1").pages("ce", "get_cost_and_usage", **question))

    assert [len(page["ResultsByTime"]) for page in pages] == [1, 0]
    aws.all_asked()


def test_a_refusal_on_a_later_page_is_told(aws: FakeAws) -> None:
    stub = aws.on("pricing")
    stub.add_response("get_products", {"PriceList": ["1"], "NextToken": "more"})
    stub.add_client_error("get_products", "ThrottlingException", "Rate exceeded")

    pages = connect("prices refresh", region="us-east-1").pages("pricing", "get_products", ServiceCode="AmazonEC2")

    assert next(pages)["PriceList"] == ["1"]
    with pytest.raises(AccountError, match="throttled"):
        next(pages)


@pytest.mark.parametrize(
    ("signs", "operation", "action"),
    [
        ("ce", "GetCostAndUsage", "ce:GetCostAndUsage"),
        ("monitoring", "GetMetricData", "cloudwatch:GetMetricData"),
        ("s3", "ListObjectsV2", "s3:ListBucket"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("sqs", "SendMessageBatch", "sqs:SendMessage"),
    ],
)
def test_an_operation_has_iams_name(signs: str, operation: str, action: str) -> None:
    assert action_of(signs, operation) == action


def test_importing_the_door_does_not_import_boto3() -> None:
    program = "import sys, headway.account; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_readme_lists_every_permission_of_every_command() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    table = readme.split("### Permissions")[1].split("\n#")[0]
    listed = {
        cells[1].strip().strip("`").removeprefix("headway "): set(cells[2].replace("`", "").replace(",", " ").split())
        for cells in (line.split("|") for line in table.splitlines() if line.startswith("| `headway"))
    }

    assert listed == {command: set(actions) for command, actions in PERMISSIONS.items()}


def test_a_policy_allows_what_its_command_asks_and_nothing_else() -> None:
    assert policy("prices refresh")["Statement"] == [
        {"Effect": "Allow", "Action": ["pricing:GetProducts", "ec2:DescribeSpotPriceHistory"], "Resource": "*"}
    ]
