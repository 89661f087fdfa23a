"""The endpoint down and up again, in the stack that was rehearsed: what the ladder answers, and what becomes of it.

While it is down each answer is held against the rungs declared. Up again, the breaker's time has passed on a virtual
clock, the queue is emptied as its event source would, and each ticket's result is fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from headway.architectures.router_design import LadderDesign
from headway_rehearsal.batches import mapping_of, receive
from headway_rehearsal.observed import depth_of, function_environment
from headway_rehearsal.outcome import Served
from headway_rehearsal.routed import ACCEPTED, LIVE, OK, Call, Routed
from headway_runtime import breaker, live, router
from headway_runtime.contract import Request, submit
from headway_runtime.settings import VARIABLE, RouterSettings

KNOWN, STRAIGHT = "down-known", "straight-to-the-queue"
NEW = breaker.FAILURES + 1
"""Questions that nobody asked before: enough to open the breaker, and one that it answers for."""
PASSED_S = 1000.0
"""Longer than a breaker stays open, and than a message stays hidden."""
MOST_ROUNDS = 20
UNAVAILABLE = 503


@dataclass
class Outage:
    """A stack's router with its endpoint down, and what was wrong with the answers."""

    routed: Routed
    ladder: LadderDesign
    up: bool = True
    passed_s: float = 0.0
    wrong: list[Served] = field(default_factory=list)

    def rehearse(self) -> tuple[list[str], list[Served]]:
        """What happened, and each request that did not get what the ladder declares."""
        if not self.routed.live:
            return ["no request was answered live: there is nothing to rehearse the ladder with"], []
        with self._clock(), self.routed.api(lambda: self.up) as call:
            self.up = False
            tickets, said = self._down(call)
            self.up, self.passed_s = True, PASSED_S
            return [said, self._up(call, tickets)], self.wrong

    def _down(self, call: Call) -> tuple[list[str], str]:
        """Ask a question that was answered before and some that were not; the tickets that were given."""
        known = next(iter(self.routed.live.values()))
        asked = [Request(KNOWN, body=known.request.body, attributes=known.request.attributes)]
        asked += [
            Request(f"down-{index:02d}", body={"text": f"Asked while it is down, {index}"},
                    attributes=known.request.attributes)
            for index in range(1, NEW + 1)
        ]  # fmt: skip
        tickets, told = [], Counter[str]()
        for request in asked:
            rung = self._rung(known=request.id == KNOWN)
            status, answer = call("POST /requests", body=request.to_json())
            wanted = known.output if rung == "cache" else self.ladder.default
            if not _as_declared(rung, status, answer, wanted):
                self._blame(request.id, f"the ladder answered {status} {answer}, not by {rung or 'an error'}")
            if status == ACCEPTED:
                tickets.append(request.id)
            age = f" ({answer['age_s']:.1f} s old, marked stale)" if answer.get("stale") else ""
            told[f"{answer.get('source') or answer.get('status') or 'refused'}{age}"] += 1
        state = self._breaker().state
        if state != "open":
            self._blame(KNOWN, f"the breaker is {state} after {len(asked)} failures")
        said = ", ".join(f"{count} {source}" for source, count in told.items())
        return tickets, f"endpoint down: {len(asked)} requests: {said}; the breaker is {state}"

    def _up(self, call: Call, tickets: list[str]) -> str:
        """What was queued is answered, by hand of its event source; without a queue the next request is the probe."""
        if self.ladder.queue is not None:
            tickets = [*tickets, self._straight()]
            self._drain()
        last = Request("up-again", body={"text": "Asked when it is up again"},
                       attributes=next(iter(self.routed.live.values())).request.attributes)  # fmt: skip
        status, answer = call("POST /requests", body=last.to_json())
        if (status, answer.get("source")) != (OK, LIVE):
            self._blame(last.id, f"up again, and the answer is {status} {answer}")
        there = 0
        for one in tickets:
            status, answer = call("GET /results/{id}", id=one)
            if status == OK and "output" in answer:
                there += 1
            else:
                self._blame(one, f"up again, and its ticket gives {status} {answer}")
        state = self._breaker().state
        if state != "closed":
            self._blame(last.id, f"the breaker is {state} after the endpoint has answered")
        drained = f"; {there} of {len(tickets)} queued requests have their result" if tickets else ""
        return f"endpoint up: the breaker is {state}{drained}"

    def _straight(self) -> str:
        """A request that came by no API."""
        aws, outputs = self.routed.aws, self.routed.outputs
        known = next(iter(self.routed.live.values())).request
        request = Request(STRAIGHT, body={"text": "Sent to the queue"}, attributes=known.attributes)
        submit(aws.client("sqs"), aws.client("s3"), queue_url=outputs["queue_url"], bucket=outputs["results_bucket"],
               request=request)  # fmt: skip
        return STRAIGHT

    def _drain(self) -> None:
        """Batches of the event source mapping's size, until the queue is empty."""
        aws, url = self.routed.aws, self.routed.outputs["queue_url"]
        sqs, size = aws.client("sqs"), mapping_of(aws, self.routed.outputs["router"])["BatchSize"]
        for _ in range(MOST_ROUNDS):
            records = receive(sqs, url, size)
            if not records and not depth_of(aws, url):
                return
            back = router.handler({"Records": records}, None)["batchItemFailures"]
            kept = {one["itemIdentifier"] for one in back}
            for record in records:
                if record["messageId"] not in kept:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=record["receiptHandle"])
            self.passed_s += PASSED_S

    def _rung(self, *, known: bool) -> str | None:
        """The rung that has to answer; None: none can."""
        return next((rung for rung in self.ladder.rungs if known or rung != "cache"), None)

    def _breaker(self) -> breaker.Breaker:
        told = RouterSettings.from_json(function_environment(self.routed.aws, self.routed.outputs["router"])[VARIABLE])
        guards = [live.breaker(part) for part in told.parts.values() if part.kind == LIVE]
        return max(guards, key=lambda guard: guard.opened_at)

    def _blame(self, identity: str, why: str) -> None:
        self.wrong.append(Served(id=identity, wait_s=None, model_s=None, error=why))

    @contextmanager
    def _clock(self) -> Iterator[None]:
        """Breakers and queues see the time that has passed virtually."""
        from moto.sqs import models

        real = breaker.now
        with ExitStack() as patched:
            patched.enter_context(mock.patch.object(breaker, "now", side_effect=lambda: real() + self.passed_s))
            for name, unit in (("unix_time", 1), ("unix_time_millis", 1000)):
                patched.enter_context(mock.patch.object(models, name, self._later(getattr(models, name), unit)))
            yield

    def _later(self, now: Callable[..., float], unit: int) -> Callable[..., float]:
        """A clock of moto's that is ahead; a time that it is given, it only converts."""
        return lambda at=None: now(at) + (0 if at else unit * self.passed_s)


def _as_declared(rung: str | None, status: int, answer: Mapping[str, Any], wanted: Any) -> bool:
    """Whether an answer is what a rung gives; ``wanted`` is its output."""
    if rung is None:
        return status == UNAVAILABLE
    if rung == "queue":
        return status == ACCEPTED and bool(answer.get("because"))
    if rung == "cache" and not (answer.get("stale") and answer.get("age_s") is not None):
        return False
    return status == OK and answer.get("source") == rung and answer.get("output") == wanted
