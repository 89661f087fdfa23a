"""The evaluator itself: what it lets through would be proven by nothing."""

import boto3
import pytest
from botocore.exceptions import ClientError

from headway_rehearsal.account import account
from tests.permissions.evaluator import Judge, Need, allowed, judged, narrowed


def test_an_operation_that_nobody_judged_fails() -> None:
    with account("us-east-1"):
        judge = Judge()
        session = boto3.Session(region_name="us-east-1")
        session.events.register("provide-client-params.*.*", judge.on_call)
        client = session.client("sqs")
        with judged(judge, []), pytest.raises(KeyError, match="ListQueues"):
            client.list_queues()
        assert judge.unknown == {"sqs:ListQueues"}


def test_a_condition_is_held_against_its_context() -> None:
    condition = {"StringEquals": {"cloudwatch:namespace": ["Headway"]}}
    statement = {"Effect": "Allow", "Action": "cloudwatch:Put*", "Resource": "*", "Condition": condition}
    assert allowed([statement], Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Headway"}))
    assert not allowed([statement], Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Other"}))
    assert not allowed([statement], Need("cloudwatch:PutMetricData", "*"))
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert not allowed([{**statement, "Condition": {}}, deny], Need("cloudwatch:PutMetricData", "*"))


GET = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::bodies/*"}


def test_of_what_is_not_there_s3_says_forbidden_to_whoever_may_not_list() -> None:
    with account("us-east-1") as aws:
        aws.client("s3").create_bucket(Bucket="bodies")
        judge, session = Judge(), boto3.Session(region_name="us-east-1")
        session.events.register("provide-client-params.*.*", judge.on_call)
        client = session.client("s3")
        with judged(judge, [GET]), pytest.raises(ClientError, match="AccessDenied"):
            client.get_object(Bucket="bodies", Key="absent")
        listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bodies"}
        with judged(judge, [GET, listing]), pytest.raises(ClientError, match="NoSuchKey"):
            client.get_object(Bucket="bodies", Key="absent")
        # S3 asks without a prefix here: a statement that is bound to one does not help.
        bound = {**listing, "Condition": {"StringLike": {"s3:prefix": ["*"]}}}
        with judged(judge, [GET, bound]), pytest.raises(ClientError, match="AccessDenied"):
            client.get_object(Bucket="bodies", Key="absent")


def test_what_a_key_encrypts_takes_the_key_through_its_service() -> None:
    judge = Judge(keys={"arn:aws:s3:::bodies": "k"})
    need = Need("s3:GetObject", "arn:aws:s3:::bodies/x")
    through = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    use = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "k", "Condition": through}
    with judged(judge, [GET, use]):
        judge.demand(need)
    elsewhere = {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}
    for statements in ([GET], [GET, {**use, "Condition": elsewhere}], [GET, {**use, "Resource": "other"}]):
        with judged(judge, statements), pytest.raises(ClientError, match="kms:Decrypt"):
            judge.demand(need)


def test_a_boundary_bounds_and_gives_nothing() -> None:
    need = Need("s3:GetObject", "arn:aws:s3:::bodies/x")
    assert Judge(statements=[GET], boundary=[GET]).allows(need)
    assert not Judge(statements=[GET], boundary=[]).allows(need)
    assert not Judge(statements=[], boundary=[GET]).allows(need)


def test_less_is_each_action_on_each_resource_one_of_many_and_each_condition() -> None:
    condition = {"StringEquals": {"k": ["one", "two"]}}
    statement = {"Effect": "Allow", "Action": ["a:X", "a:Y"], "Resource": ["r", "s/*"], "Condition": condition}
    asked = [Need("a:X", "s/1", {"k": "one"})]
    told = [how for how, _ in narrowed([statement], asked)]
    assert [one for one in told if one.startswith("without")] == [
        "without a:X on r", "without a:X on s/*", "without a:Y on r", "without a:Y on s/*",
    ]  # fmt: skip
    assert "a:X on s/1 instead of s/*" in told
    assert sum("where k is not one" in one for one in told) == 4
    for _, less in narrowed([statement], asked):
        assert len(less) in (3, 4)
