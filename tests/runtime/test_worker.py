"""The worker as a process: it drains, it batches, it writes once; killed in the middle, nothing is lost or doubled."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from headway_runtime.contract import Request, submit
from headway_runtime.dead_letters import reason_of
from headway_runtime.model import ModelError
from headway_runtime.settings import WorkerSettings
from headway_runtime.worker import Worker
from tests.runtime.stand import eventually, stand, terminate


def test_it_drains_the_queue_in_batches_and_writes_each_result_once() -> None:
    with stand(batch=4) as here:
        here.send(10)
        worker = here.start()
        assert worker.wait(timeout=10) == 0
        results = here.results()
        assert {name: one["output"] for name, one in results.items()} == {
            f"r{n}": {"twice": 2 * n} for n in range(1, 11)
        }
        assert here.model.batches == [4, 4, 2]
        assert here.depth() == (0, 0)
        first = results["r1"]
        assert (first["model"], first["attempt"], first["departure"]) == ("classifier:1", 1, "20260603T1200Z")
        assert {"submitted_at", "started_at", "finished_at", "queued_s", "model_s"} == first["timings"].keys()


def test_it_takes_its_quota_and_leaves_the_rest() -> None:
    with stand(batch=4) as here:
        here.send(10)
        assert here.start(quota=6).wait(timeout=10) == 0
        assert len(here.results()) == 6
        assert here.depth() == (4, 0)
        assert here.model.batches == [4, 2]


def test_a_large_body_travels_as_a_pointer() -> None:
    with stand() as here:
        here.send(1, padding="x" * 60_000)
        (message,) = here.sqs.receive_message(QueueUrl=here.queue_url, VisibilityTimeout=0)["Messages"]
        assert json.loads(message["Body"])["s3"] == "s3://results/requests/r1.json"
        assert here.start().wait(timeout=10) == 0
        assert here.results()["r1"]["output"] == {"twice": 2}


def test_told_to_stop_it_finishes_its_batch_and_leaves_the_rest_to_others() -> None:
    with stand(seconds=0.4, batch=2) as here:
        here.send(12)
        worker = here.start()
        eventually(lambda: len(here.model.batches) >= 2)
        assert terminate(worker) == 0
        done = len(here.results())
        assert 2 <= done < 12
        # Nothing is in anybody's hands: the next worker sees it at once.
        assert here.depth() == (12 - done, 0)
        here.model.seconds = 0.0
        assert here.start().wait(timeout=10) == 0
        results = here.results()
        assert {one["output"]["twice"] for one in results.values()} == {2 * n for n in range(1, 13)}
        # What lay ready and no model had seen was delivered twice, and served once.
        assert max(one["attempt"] for one in results.values()) <= 2
        assert sum(here.model.batches) == 12


def test_killed_in_the_middle_what_it_held_comes_back_and_nothing_is_lost() -> None:
    with stand(seconds=0.5, batch=2, visibility_s=2) as here:
        here.send(6)
        worker = here.start()
        eventually(lambda: len(here.model.batches) >= 2)
        worker.kill()
        worker.wait(timeout=5)
        here.model.seconds = 0.0
        # The dead worker's messages are seen again when their visibility runs out.
        eventually(lambda: here.depth()[1] == 0)
        assert here.start().wait(timeout=10) == 0
        results = here.results()
        assert {one["output"]["twice"] for one in results.values()} == {2 * n for n in range(1, 7)}
        assert max(one["attempt"] for one in results.values()) == 2
        assert here.depth() == (0, 0)


def test_two_workers_share_a_queue_and_write_nothing_twice() -> None:
    with stand(seconds=0.05, batch=2) as here:
        here.send(20)
        workers = [here.start(), here.start()]
        assert [worker.wait(timeout=10) for worker in workers] == [0, 0]
        told = [json.loads(line) for worker in workers for line in (worker.stdout or "") if '"finished"' in line]
        assert len(here.results()) == 20
        assert sum(one["written"] for one in told) == 20
        assert sum(one["already_there"] for one in told) == 0


def test_a_poison_item_ends_in_the_dead_letters_with_its_reason_and_the_others_are_served() -> None:
    with stand(batch=4, attempts=2) as here:
        here.send(3)
        here.send(1, start=4, poison=True)
        # One worker sees it through: it waits for what it gave back.
        worker = here.start()
        assert worker.wait(timeout=10) == 0
        assert here.model.batches == [4, 1, 1, 1, 1, 1]
        assert here.depth() == (0, 0)
        (letter,) = here.letters()
        assert json.loads(letter["Body"])["id"] == "r4"
        assert reason_of(letter) == 'the model answered 400: {"error": "poison"}'
        assert letter["MessageAttributes"]["HeadwayAttempts"]["StringValue"] == "2"
        results = here.results()
        assert {results[f"r{n}"]["output"]["twice"] for n in (1, 2, 3)} == {2, 4, 6}
        assert results["r4"]["error"] == reason_of(letter)
        assert results["r4"]["attempt"] == 2


def test_what_is_no_request_is_a_dead_letter_at_once_and_harms_nobody() -> None:
    with stand() as here:
        here.sqs.send_message(QueueUrl=here.queue_url, MessageBody="not json")
        here.sqs.send_message(QueueUrl=here.queue_url, MessageBody=json.dumps({"id": "../escape", "body": 1}))
        here.send(1)
        assert here.start().wait(timeout=10) == 0
        assert set(here.results()) == {"r1"}
        told = {letter["Body"]: reason_of(letter) for letter in here.letters()}
        assert told.keys() == {"not json", '{"id": "../escape", "body": 1}'}
        assert "no request" in str(told["not json"])
        assert here.model.batches == [1]


def test_a_dead_letter_queue_that_refuses_leaves_the_message_to_sqs() -> None:
    with stand(receives=2) as here:
        here.sqs.send_message(QueueUrl=here.queue_url, MessageBody="not json")
        elsewhere = here.settings.dead_letter_url.replace("dead", "elsewhere")
        assert here.start(dead_letter_url=elsewhere).wait(timeout=10) == 0
        here.sqs.receive_message(QueueUrl=here.queue_url)
        (letter,) = here.letters()
        assert (letter["Body"], reason_of(letter)) == ("not json", None)


def test_a_body_that_is_not_there_fails_alone() -> None:
    with stand(attempts=1) as here:
        gone = Request(id="gone", s3="s3://results/requests/gone.json")
        submit(here.sqs, here.s3, queue_url=here.queue_url, bucket=here.bucket, request=gone)
        here.send(1)
        assert here.start().wait(timeout=10) == 0
        results = here.results()
        assert results["r1"]["output"] == {"twice": 2}
        assert "cannot be read" in results["gone"]["error"]


def test_a_model_that_dies_ends_the_worker_with_an_error_and_gives_everything_back() -> None:
    with stand(batch=4) as here:
        here.send(4)
        here.model.dead = True
        assert here.start().wait(timeout=10) == 1
        assert here.depth() == (4, 0)
        assert here.results() == {}


def test_a_batch_that_takes_longer_than_the_visibility_is_not_given_to_another() -> None:
    with stand(seconds=2.5, batch=4, visibility_s=1) as here:
        here.send(4)
        worker = here.start(quota=4)
        eventually(lambda: len(here.model.batches) == 1)
        eventually(lambda: here.depth()[1] == 4)
        assert here.sqs.receive_message(QueueUrl=here.queue_url, WaitTimeSeconds=2).get("Messages", []) == []
        assert worker.wait(timeout=10) == 0
        assert {one["attempt"] for one in here.results().values()} == {1}
        assert here.model.batches == [4]


def test_a_result_that_is_there_stands() -> None:
    with stand() as here:
        here.s3.put_object(Bucket="results", Key="results/r1.json", Body=b'{"id": "r1", "output": "first"}')
        here.send(1)
        worker = here.start()
        assert worker.wait(timeout=10) == 0
        assert here.results()["r1"]["output"] == "first"
        assert here.depth() == (0, 0)


def test_out_of_time_it_leaves_the_rest_to_the_next_departure() -> None:
    with stand(seconds=0.5, batch=2) as here:
        here.send(8)
        assert here.start(stop_after_s=0.8).wait(timeout=10) == 0
        done = len(here.results())
        assert 2 <= done <= 6
        assert here.depth() == (8 - done, 0)


def test_a_bucket_that_refuses_ends_the_worker_with_an_error_and_loses_nothing() -> None:
    with stand(batch=4) as here:
        here.send(4)
        assert here.start(results_bucket="no-such-bucket").wait(timeout=10) == 1
        assert here.depth() == (4, 0)
        assert here.start().wait(timeout=10) == 0
        assert len(here.results()) == 4


def test_a_batch_that_does_not_fit_the_notice_goes_back_at_once() -> None:
    with stand(seconds=30, batch=2) as here:
        here.send(4)
        # Eleven seconds are left, ten of them for giving back; a batch takes a minute.
        worker = here.start(notice_s=11, seconds_per_batch=60)
        eventually(lambda: len(here.model.batches) == 1)
        started = time.monotonic()
        assert terminate(worker) == 0
        assert time.monotonic() - started < 6
        assert here.depth() == (4, 0)
        assert here.results() == {}


def test_a_model_that_hangs_ends_the_worker_and_gives_everything_back() -> None:
    with stand(seconds=30, batch=4) as here:
        here.send(4)
        assert here.start(model_timeout_s=0.5).wait(timeout=10) == 1
        assert here.depth() == (4, 0)


def test_what_kills_models_is_found_on_its_last_tries_and_told_why() -> None:
    with stand(batch=4, attempts=2) as here:
        here.send(1)
        here.model.dead = True
        assert here.start().wait(timeout=10) == 1
        eventually(lambda: here.depth()[0] == 1)  # Given back for another try, it is seen again after a moment.
        assert here.start().wait(timeout=10) == 1
        (letter,) = here.letters()
        assert "the model died" in str(reason_of(letter))
        assert here.depth() == (0, 0)


def test_a_good_item_on_its_last_try_survives_a_model_that_crashes_by_chance() -> None:
    with stand(batch=4, attempts=3, receives=10) as here:
        here.send(1)
        for _ in range(2):  # In the hands of workers that were killed.
            here.sqs.receive_message(QueueUrl=here.queue_url, VisibilityTimeout=0)
        here.model.dead = True
        assert here.start().wait(timeout=10) == 1
        assert here.letters() == []
        here.model.dead = False
        eventually(lambda: here.depth()[0] == 1)
        assert here.start().wait(timeout=10) == 0
        assert (here.results()["r1"]["output"], here.results()["r1"]["attempt"]) == ({"twice": 2}, 4)


def test_every_item_stands_in_the_report_of_its_departure() -> None:
    with stand(batch=4) as here:
        here.send(5)
        here.sqs.send_message(QueueUrl=here.queue_url, MessageBody="not json")
        assert here.start().wait(timeout=10) == 0
        rows = here.s3.list_objects_v2(Bucket=here.bucket, Prefix="departures/fleet/20260603T1200Z/parts/")["Contents"]
        text = b"".join(here.s3.get_object(Bucket=here.bucket, Key=row["Key"])["Body"].read() for row in rows)
        lines = [json.loads(line) for line in text.splitlines()]
        assert {line["id"]: line["status"] for line in lines} == {f"r{n}": "done" for n in range(1, 6)} | {
            None: "failed"
        }


class Queue:
    """A queue of one delivery; ``on_receive`` runs while the worker waits for it."""

    def __init__(self, count: int, on_receive: Callable[[], None] = lambda: None) -> None:
        self.waiting = [
            {"MessageId": str(n), "ReceiptHandle": f"h{n}", "Body": Request(f"r{n}", body={"n": n}).to_json()}
            for n in range(count)
        ]
        self.on_receive, self.released, self.deleted = on_receive, [], []

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        some, self.waiting = self.waiting[: asked["MaxNumberOfMessages"]], self.waiting[asked["MaxNumberOfMessages"] :]
        self.on_receive()
        return {"Messages": some}

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        self.released += [entry["ReceiptHandle"] for entry in asked["Entries"] if entry["VisibilityTimeout"] == 0]
        return {}

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        self.deleted += [entry["ReceiptHandle"] for entry in asked["Entries"]]
        return {}


class Bucket:
    """A bucket that takes everything."""

    def put_object(self, **_: Any) -> None:
        """Taken."""


def inside(monkeypatch: pytest.MonkeyPatch, queue: Queue, serve: Callable[[list[Any]], list[Any]]) -> Worker:
    """A worker in this process, with a model that is a function."""
    settings = WorkerSettings("q", "b", 4, 30, 3, 1, 1, "fleet", poll_s=0)
    monkeypatch.setattr("headway_runtime.worker.wait_until_ready", lambda *_: None)
    worker = Worker(settings, queue, Bucket(), quota=100)
    monkeypatch.setattr(worker.model, "invoke", lambda payloads, _: serve([json.loads(one) for one in payloads]))
    return worker


def test_what_arrives_while_it_is_told_to_stop_is_given_back_unserved(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, served = Queue(4), []
    worker = inside(monkeypatch, queue, lambda bodies: served.append(bodies) or bodies)
    queue.on_receive = worker.stop
    tally = worker.run()
    assert served == []
    assert sorted(queue.released) == ["h0", "h1", "h2", "h3"]
    assert tally["written"] == 0


def test_told_to_stop_between_the_items_of_a_failed_batch_it_gives_the_rest_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = Queue(4)

    def serve(bodies: list[Any]) -> list[Any]:
        if len(bodies) > 1:
            raise ModelError("the batch is too much")
        if bodies[0]["n"] == 1:
            worker.stop()
        return bodies

    worker = inside(monkeypatch, queue, serve)
    assert worker.run()["written"] == 2
    assert sorted(queue.deleted) == ["h0", "h1"]
    assert sorted(queue.released) == ["h2", "h3"]


def test_a_model_that_never_answers_ends_the_worker_before_it_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(4)
    worker = inside(monkeypatch, queue, lambda bodies: bodies)

    def never(url: str, deadline_s: float, give_up: object) -> None:
        assert (url, deadline_s) == ("http://127.0.0.1:8080", 63)
        raise ModelError("the model did not answer", fatal=True)

    monkeypatch.setattr("headway_runtime.worker.wait_until_ready", never)
    with pytest.raises(ModelError, match="did not answer"):
        worker.run()
    assert len(queue.waiting) == 4
