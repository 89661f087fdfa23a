"""The examples that chain on a finished departure run on what the dispatcher announces."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from headway_rehearsal import account as accounts
from headway_runtime.announce import announce
from headway_runtime.jobs import Job
from headway_runtime.ledger import Ledger
from headway_runtime.report import Report
from tests.examples.airflow import AirflowFailException, Dags

FOLDER = Path("examples/chaining")
DAG = FOLDER / "departure_finished_dag.py"
FLEET, DEPARTURE = "loans", "20260603T1200Z"
NOON = datetime(2026, 6, 3, 12, 9, tzinfo=UTC)
SOUND = {"id": "a", "status": "done"}
DOUBTFUL = {"id": "b", "status": "done", "doubts": ["schema"]}
FAILED = {"id": "c", "status": "failed", "error": "poison"}


@dataclass
class Chained:
    """An account in which departures finish, and what listens to them."""

    aws: Any
    finished: str
    """The queue that the rule sends to."""

    def finish(self, *parts: list[dict[str, Any]], probes: tuple[str, ...] = ("done",)) -> None:
        """Workers end: each tells what it finished, and the dispatcher announces the departure."""
        s3 = self.aws.client("s3")
        for lines in parts:
            Report(s3, "results", FLEET, DEPARTURE).write(lines)
        told = [{"probe": number, "status": status} for number, status in enumerate(probes)]
        Report(s3, "results", FLEET, DEPARTURE).write_probes(told)
        jobs = [Job("j", f"{FLEET}-g5-{DEPARTURE}-spot-0", {"SUCCEEDED": len(parts)})]
        assert announce(NOON, FLEET, DEPARTURE, jobs, Ledger(s3, "results", FLEET), self.aws.client("events"))

    def take(self, url: str) -> dict[str, Any]:
        (message,) = self.aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
        return dict(json.loads(message["Body"]))

    def execute(self) -> tuple[dict[str, Any], list[str]]:
        """How the state machine ends when the rule starts it with the event, and what the topic was told."""
        sns, sqs, states = (self.aws.client(name) for name in ("sns", "sqs", "stepfunctions"))
        topic = sns.create_topic(Name="people")["TopicArn"]
        mailbox = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:mailbox")
        machine = states.create_state_machine(
            name="after",
            definition=(FOLDER / "departure_finished.asl.json").read_text().replace("${topic_arn}", topic),
            roleArn="arn:aws:iam::123456789012:role/after",
        )["stateMachineArn"]
        event = json.dumps(self.take(self.finished))
        execution = states.start_execution(stateMachineArn=machine, input=event)["executionArn"]
        until = time.monotonic() + 60
        while (ended := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < until
            time.sleep(0.05)
        messages = sqs.receive_message(QueueUrl=mailbox, MaxNumberOfMessages=10).get("Messages", [])
        return ended, [json.loads(message["Body"])["Message"] for message in messages]

    def dag(self) -> dict[str, Any]:
        return Dags({"headway_departures_queue": self.finished}).run(DAG)


@pytest.fixture
def chained() -> Iterator[Chained]:
    executed = {**accounts.CONFIG, "stepfunctions": {"execute_state_machine": True}}
    with mock.patch.object(accounts, "CONFIG", executed), accounts.account("us-east-1") as aws, bodies_read():
        aws.client("s3").create_bucket(Bucket="results")
        url = aws.client("sqs").create_queue(QueueName="finished")["QueueUrl"]
        (rule,) = re.findall(r"The rule for either: `(.+)`", (FOLDER / "README.md").read_text())
        events = aws.client("events")
        events.put_rule(Name="finished", EventPattern=rule.replace("<fleet>", FLEET))
        target = {"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:finished"}
        events.put_targets(Rule="finished", Targets=[target])
        yield Chained(aws, url)


def bodies_read() -> Any:
    """Step Functions hands an object's body on as text; moto's leaves the stream."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk

    service = state_task_service_aws_sdk.StateTaskServiceAwsSdk
    assert "_normalise_response" not in vars(service), "moto may do it by itself now: remove this"

    def read(self: Any, response: Any, *_: Any) -> None:
        if "Body" in response:
            response["Body"] = response["Body"].read().decode()

    return mock.patch.object(service, "_normalise_response", read)


def counts(part: Mapping[str, Any]) -> tuple[int, int, int]:
    return part["done"], part["failed"], part["doubtful"]


def test_the_machine_hands_every_part_of_a_clean_departure_to_the_step_and_tells_nobody(chained: Chained) -> None:
    chained.finish([SOUND], [{**SOUND, "id": "d"}, {**SOUND, "id": "e"}])
    ended, messages = chained.execute()
    assert (ended["status"], messages) == ("SUCCEEDED", [])
    steps = json.loads(ended["output"])
    assert {step["bucket"] for step in steps} == {"results"}
    assert sorted(counts(step["part"]) for step in steps) == [(1, 0, 0), (2, 0, 0)]
    keys = [step["part"]["key"] for step in steps]
    lines = [chained.aws.client("s3").get_object(Bucket="results", Key=key)["Body"].read() for key in keys]
    assert sorted(json.loads(line)["id"] for part in lines for line in part.splitlines()) == ["a", "d", "e"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([SOUND, FAILED], "1 of departure 20260603T1200Z failed, 0 are doubtful: "),
        ([SOUND, DOUBTFUL], "0 of departure 20260603T1200Z failed, 1 are doubtful: "),
    ],
)
def test_the_machine_tells_what_failed_or_is_doubtful_and_goes_on(
    chained: Chained, lines: list[dict[str, Any]], said: str
) -> None:
    chained.finish(lines)
    ended, messages = chained.execute()
    assert ended["status"] == "SUCCEEDED"
    assert messages == [f"{said}s3://results/departures/loans/20260603T1200Z/manifest.json"]
    assert len(json.loads(ended["output"])) == 1


def test_the_machine_goes_no_further_when_probes_failed(chained: Chained) -> None:
    chained.finish([SOUND], probes=("done", "failed"))
    ended, messages = chained.execute()
    assert (ended["status"], ended["error"]) == ("FAILED", "ProbesFailed")
    (message,) = messages
    assert message.startswith("1 probes of departure 20260603T1200Z failed, so its answers are not used: s3://results/")


def test_the_dag_goes_on_with_what_neither_failed_nor_is_doubtful(
    chained: Chained, caplog: pytest.LogCaptureFixture
) -> None:
    chained.finish([SOUND, DOUBTFUL, FAILED], [{**SOUND, "id": "d"}])
    done = chained.dag()
    assert sorted(done["use"]) == [["a"], ["d"]]
    assert all(address.startswith(f"s3://results/departures/{FLEET}/{DEPARTURE}/parts/") for address in done["files"])
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == [
        "1 of 20260603T1200Z failed: headway redrive lists them",
        "1 answers of 20260603T1200Z are doubtful and left out",
    ]


def test_the_dag_goes_no_further_when_probes_failed(chained: Chained) -> None:
    chained.finish([SOUND], probes=("failed",))
    with pytest.raises(AirflowFailException, match="1 probes of 20260603T1200Z failed"):
        chained.dag()


def test_to_describe_the_dag_asks_aws_nothing(chained: Chained) -> None:
    chained.finish([SOUND])
    described = Dags({})
    described.parse(DAG)
    assert list(described.results) == ["wait_for_departure", "files", "use"]
    assert chained.take(chained.finished)["detail"]["departure"] == DEPARTURE


def test_another_fleets_departure_starts_nothing(chained: Chained) -> None:
    ledger = Ledger(chained.aws.client("s3"), "results", "others")
    assert announce(NOON, "others", DEPARTURE, [], ledger, chained.aws.client("events"))
    assert "Messages" not in chained.aws.client("sqs").receive_message(QueueUrl=chained.finished)
