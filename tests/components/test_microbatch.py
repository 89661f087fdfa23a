"""The micro-batch component: the design's numbers where AWS reads them, and no more rights than it needs."""

import json

import pytest

from headway_components import MicroBatch
from headway_runtime.settings import VARIABLE, MicroBatchSettings
from tests.components.designs import MICROBATCH
from tests.components.provisioned import Provisioned, provision


@pytest.fixture(scope="module")
def made() -> Provisioned:
    return provision(lambda: MicroBatch("tags", {"design": MICROBATCH}) and None)


def test_a_batch_closes_as_the_design_says(made: Provisioned) -> None:
    mapping = made.one("lambda:EventSourceMapping").inputs
    assert (mapping["batchSize"], mapping["maximumBatchingWindowInSeconds"]) == (24, 7)
    assert mapping["scalingConfig"] == {"maximumConcurrency": 9}
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "requests" in mapping["eventSourceArn"]


def test_the_queue_outlasts_six_calls_and_the_window(made: Provisioned) -> None:
    queue = made.one("sqs:Queue", "requests").inputs
    function = made.one("lambda:Function", "batcher").inputs
    assert queue["visibilityTimeoutSeconds"] == 487 >= 6 * function["timeout"] + 7
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == 4
    assert (function["memorySize"], function["timeout"]) == (640, 80)


def test_the_function_knows_its_endpoint_and_bucket(made: Provisioned) -> None:
    told = MicroBatchSettings.from_json(
        made.one("lambda:Function", "batcher").inputs["environment"]["variables"][VARIABLE]
    )
    endpoint = made.one("sagemaker:Endpoint").inputs["name"]
    assert told.endpoint_name == endpoint
    assert told.results_bucket == made.one("s3:Bucket").name
    assert (told.max_receives, told.model) == (4, "classifier:1 classifier.tar.gz")


def test_the_function_may_do_what_it_does_and_no_more(made: Provisioned) -> None:
    statements = [one for name, one in made.statements() if "batcher" in name]
    actions = {action for one in statements for action in one["Action"]}
    assert actions == {
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sagemaker:InvokeEndpoint",
        "s3:GetObject", "s3:PutObject", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip
    (invoke,) = [one for one in statements if "sagemaker:InvokeEndpoint" in one["Action"]]
    assert invoke["Resource"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/headway-dev-tags-endpoint-m5-large"
    assert all(one["Resource"] != "*" for one in statements)


def test_endpoint_and_queue_tell_one_topic(made: Provisioned) -> None:
    topics = {tuple(one.inputs["alarmActions"]) for one in made.all("cloudwatch:MetricAlarm")}
    assert len(made.all("sns:Topic")) == 1
    assert len(topics) == 1
    assert made.one("cloudwatch:MetricAlarm", "queue-age").inputs["threshold"] == 45


def test_an_existing_queue_and_bucket_are_used() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:theirs"
    args = {
        "design": MICROBATCH, "queue_arn": queue, "dead_letter_queue_arn": f"{queue}-dead",
        "results_bucket": "their-results",
    }  # fmt: skip
    made = provision(lambda: MicroBatch("tags", args) and None)
    assert made.all("sqs:Queue") == made.all("s3:Bucket") == []
    assert made.one("lambda:EventSourceMapping").inputs["eventSourceArn"] == queue
