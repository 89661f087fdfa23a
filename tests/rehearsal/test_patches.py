"""Each patch of moto is still needed: these fail when moto does right by itself, and the patch can go."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from headway_rehearsal.account import CONFIG, account

TLS_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ],
    }
)  # fmt: skip
ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Moto as it comes."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws(config=CONFIG):
        yield lambda service: boto3.client(service, region_name="us-east-1")


@pytest.fixture
def patched() -> Iterator[Any]:
    with account("us-east-1") as aws:
        yield aws.client


def write_under_policy(client: Any) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_policy(Bucket="bucket", Policy=TLS_ONLY)
    s3.put_object(Bucket="bucket", Key="k", Body=b"1")


def configure_g5(client: Any) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])


def batch_with_queue(client: Any) -> Any:
    client("iam").create_role(RoleName="batch-service", AssumeRolePolicyDocument="{}")
    batch = client("batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="workers", type="UNMANAGED", serviceRole="arn:aws:iam::123456789012:role/batch-service"
    )["computeEnvironmentArn"]
    limits = [
        {
            "state": "RUNNABLE",
            "action": "CANCEL",
            "maxTimeSeconds": 900,
            "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        }
    ]
    batch.create_job_queue(
        jobQueueName="q", state="ENABLED", priority=1, jobStateTimeLimitActions=limits,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )  # fmt: skip
    return batch


def submit(client: Any, **more: Any) -> tuple[Any, str]:
    batch = batch_with_queue(client)
    batch.register_job_definition(
        jobDefinitionName="d", type="container", containerProperties={"image": "i", "vcpus": 1, "memory": 100}
    )
    return batch, batch.submit_job(jobName="j", jobQueue="q", jobDefinition="d", **more)["jobId"]


def register_several_containers(client: Any) -> dict[str, Any]:
    container = {
        "image": "i",
        "name": "worker",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "9"}],
    }
    batch = client("batch")
    batch.register_job_definition(
        jobDefinitionName="d", type="container", ecsProperties={"taskProperties": [{"containers": [container]}]}
    )
    found: dict[str, Any] = batch.describe_job_definitions(jobDefinitionName="d")["jobDefinitions"][0]
    return found


def test_a_bucket_policy_that_denies_plain_http_lets_others_write(plain: Any, patched: Any) -> None:
    write_under_policy(patched)


def test_moto_denies_everybody_under_such_a_policy(plain: Any) -> None:
    with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
        write_under_policy(plain)


def test_new_instance_types_are_taken(patched: Any) -> None:
    configure_g5(patched)


def test_moto_refuses_new_instance_types(plain: Any) -> None:
    with pytest.raises(ClientError, match="instance"):
        configure_g5(plain)


def test_several_containers_are_kept(patched: Any) -> None:
    assert (
        register_several_containers(patched)["ecsProperties"]["taskProperties"][0]["containers"][0]["name"] == "worker"
    )


def test_moto_refuses_several_containers(plain: Any) -> None:
    with pytest.raises(Exception, match=r"."):
        register_several_containers(plain)


def test_time_limits_of_a_queue_are_kept(patched: Any) -> None:
    (queue,) = batch_with_queue(patched).describe_job_queues()["jobQueues"]
    assert queue["jobStateTimeLimitActions"][0]["maxTimeSeconds"] == 900


def test_moto_drops_time_limits(plain: Any) -> None:
    (queue,) = batch_with_queue(plain).describe_job_queues()["jobQueues"]
    assert not queue.get("jobStateTimeLimitActions")


def test_a_submitted_job_waits_to_be_run(patched: Any) -> None:
    batch, job = submit(patched)
    assert batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "RUNNABLE"


def test_moto_has_run_a_job_as_soon_as_it_is_submitted(plain: Any) -> None:
    batch, job = submit(plain)
    assert batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "SUCCEEDED"


def test_a_listed_array_job_says_its_size(patched: Any) -> None:
    batch, job = submit(patched, arrayProperties={"size": 3})
    (row,) = batch.list_jobs(jobQueue="q", jobStatus="PENDING")["jobSummaryList"]
    assert (row["jobId"], row["arrayProperties"]["size"]) == (job, 3)


def test_moto_does_not_say_the_size(plain: Any) -> None:
    batch, _ = submit(plain, arrayProperties={"size": 3})
    rows = batch.list_jobs(jobQueue="q", jobStatus="SUCCEEDED")["jobSummaryList"]
    assert not [row for row in rows if row.get("arrayProperties", {}).get("size")] or len(rows) > 1


def queue_with_function(client: Any) -> Any:
    """Send to a queue that a function is mapped to, and look what is left in it."""
    client("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")
    role = "arn:aws:iam::123456789012:role/f"
    client("lambda").create_function(
        FunctionName="f", Role=role, Runtime="python3.13", Handler="a.b", Code={"ZipFile": b"x"}
    )
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=10)
    client("sqs").send_message(QueueUrl=url, MessageBody="1")
    return client("sqs").receive_message(QueueUrl=url).get("Messages", [])


def test_moto_still_calls_a_mapped_function_inside_send_message(plain: Any) -> None:
    assert queue_with_function(plain) == []


def test_a_mapped_queue_keeps_its_messages_for_whoever_polls(patched: Any) -> None:
    assert [message["Body"] for message in queue_with_function(patched)] == ["1"]


def put_into_a_notified_bucket(client: Any) -> list[str]:
    """Put an object under a notification and see which functions moto calls."""
    from moto.s3 import notifications

    called: list[str] = []
    real = notifications._invoke_awslambda

    def told(account: str, body: Any, arn: str, region: str) -> None:
        called.append(arn.rsplit(":", 1)[-1])

    notifications._invoke_awslambda = told if "mock" not in type(real).__name__.lower() else real
    try:
        client("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")
        arn = client("lambda").create_function(
            FunctionName="f", Role="arn:aws:iam::123456789012:role/f", Runtime="python3.13", Handler="a.b",
            Code={"ZipFile": b"x"},
        )["FunctionArn"]  # fmt: skip
        client("s3").create_bucket(Bucket="bucket")
        rows = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        client("s3").put_bucket_notification_configuration(
            Bucket="bucket", NotificationConfiguration={"LambdaFunctionConfigurations": rows}
        )
        client("s3").put_object(Bucket="bucket", Key="k", Body=b"1")
    finally:
        notifications._invoke_awslambda = real
    return called


def test_moto_still_calls_a_function_that_a_bucket_notifies(plain: Any) -> None:
    assert "f" in put_into_a_notified_bucket(plain)


def test_a_notified_function_is_called_by_whoever_drives(patched: Any) -> None:
    assert put_into_a_notified_bucket(patched) == []


def lost_during_a_delete(client: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What is gone of that which was sent while one thread deleted a message, and another one, too."""
    from moto.sqs.models import Message

    sqs = client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("first", "second", "third"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    held = {
        one["Body"]: one["ReceiptHandle"]
        for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3)["Messages"]
    }
    others, sent, original = ["second", "third"], set(), Message.had_receipt_handle

    def asked(self: Any, handle: str) -> bool:
        if self.body == "first" and handle == held["first"] and others:
            other = others.pop()
            sqs.delete_message(QueueUrl=url, ReceiptHandle=held[other])
            sqs.send_message(QueueUrl=url, MessageBody=f"after {other}")
            sent.add(f"after {other}")
        return bool(original(self, handle))

    monkeypatch.setattr(Message, "had_receipt_handle", asked)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=held["first"])
    assert sent
    return sent - {one["Body"] for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])}


def test_what_is_sent_during_deletes_is_there(patched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lost_during_a_delete(patched, monkeypatch) == set()


def test_moto_loses_what_is_sent_during_deletes(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lost_during_a_delete(plain, monkeypatch)


def test_apis_are_made_without_their_validator(patched: Any) -> None:
    import sys

    assert patched("apigatewayv2").create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    assert "moto.apigatewayv2.models" in sys.modules
