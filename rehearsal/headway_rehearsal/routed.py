"""Drive what stands behind a router: an endpoint with a ladder, tiers, answers computed ahead, features computed ahead.

The router, the feeder, dispatcher and workers are the code that runs in AWS, with the environment that was provisioned.
What is queued waits in virtual time, as in a stack of its own; what is live is measured here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from headway.architectures.design import AsynchronousDesign, BatchDesign, LiveDesign, MicroBatchDesign, SimpleDesign
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign, Route, TieredDesign
from headway.assumptions import assume
from headway_rehearsal.batches import serve_batches, spread
from headway_rehearsal.endpoint import answering, answering_later
from headway_rehearsal.fleet import Fleet
from headway_rehearsal.manifests import feed
from headway_rehearsal.observed import Run, as_in_aws, dead_letters, function_environment
from headway_rehearsal.outcome import Served
from headway_rehearsal.resources.base import Aws
from headway_runtime import router
from headway_runtime.contract import Request
from headway_runtime.results import key_of
from headway_runtime.settings import VARIABLE

OK, ACCEPTED = 200, 202
LIVE = "live"
Call = Callable[..., tuple[int, dict[str, Any]]]
"""A call of the API: its route, its body, what stands in its path; the status and the answer."""
PREDICTED = 0.5
"""Share of the rehearsed requests whose answers are computed ahead."""


class Answered(NamedTuple):
    """A request and the output that it got."""

    request: Request
    output: Any


@dataclass
class Routed:
    """A stack's router with the parts behind it."""

    aws: Aws
    outputs: Mapping[str, Any]
    model_url: str
    now: datetime
    events: list[str] = field(default_factory=list)
    live: dict[str, Answered] = field(default_factory=dict)
    """Requests that a live part answered, by id."""

    def endpoint(self, design: LiveDesign, bodies: Sequence[Any]) -> Run:
        """Ask a single endpoint by its router."""
        requests = [Request(id=f"request-{index:04d}", body=body) for index, body in enumerate(bodies, start=1)]
        served = self._send(requests)
        return self._run(requests, served, dict.fromkeys(served, design.max_wait_s))

    def tiers(self, design: TieredDesign, bodies: Sequence[Any]) -> Run:
        """Send each tier its share of the requests, drain the queued parts, fetch what they wrote."""
        chosen = list(_shares(design.routes, len(bodies)))
        requests = [
            Request(id=f"{route.tier}-{index:04d}", body=body, attributes=_meeting(route, design.routes))
            for index, (route, body) in enumerate(zip(chosen, bodies, strict=True), start=1)
        ]
        waits = {request.id: route.max_wait_s for request, route in zip(requests, chosen, strict=True)}
        served = self._send(requests)
        for part in design.parts:
            queued = [
                request.id for request, route in zip(requests, chosen, strict=True)
                if route.part == part.name and request.id not in served
            ]  # fmt: skip
            served |= self._drain(part.name, part.design, queued)
        return self._run(requests, served, waits)

    def answers(self, design: PrecomputedDesign, bodies: Sequence[Any]) -> Run:
        """Compute some answers ahead, then ask for all."""
        predicted = [Request(id=f"ahead-{index:04d}", body=body) for index, body in enumerate(bodies, start=1)]
        self._fill(design.fill, predicted[: max(1, round(len(bodies) * PREDICTED))])
        requests = [Request(id=f"request-{index:04d}", body=body) for index, body in enumerate(bodies, start=1)]
        served = self._send(requests)
        left = [request.id for request in requests if request.id not in served]
        served |= self._drain("live", design.live, left)
        return self._run(requests, served, dict.fromkeys(served, design.max_wait_s))

    def features(self, design: FeaturesDesign, bodies: Sequence[Any]) -> Run:
        """Compute the features of some entities, then ask about each with its own and about one that has none."""
        entities = [f"entity-{index}" for index in range(1, max(2, len(bodies) // 2))]
        ahead = [
            Request(id=f"fill-{one}", body=body, attributes={"key": one})
            for one, body in zip(entities, bodies, strict=False)
        ]
        self._fill(design.fill, ahead)
        known = [*entities, "entity-nobody-has-computed"]
        requests = [
            Request(id=f"request-{index:04d}", body=body, attributes={"key": known[index % len(known)]})
            for index, body in enumerate(bodies, start=1)
        ]
        served = self._send(requests)
        return self._run(requests, served, dict.fromkeys(served, design.max_wait_s))

    def _fill(self, design: BatchDesign, items: Sequence[Request]) -> None:
        """A manifest, the departure that takes it, the rows that it left."""
        outputs = self.outputs["addresses"]["fill"]
        keys = {key_of(item.attributes, item.body): item.id for item in items}
        fleet = Fleet(self.aws, outputs, design, self.model_url, done=lambda: [keys[one] for one in self._rows()])
        window = fleet.window(self.now)
        self.events.append(feed(self.aws, outputs["manifests"], items))
        said, finished = fleet.serve(window)
        self.events += [*said, f"{len(finished)} of {len(keys)} rows are in the table"]

    def _rows(self) -> list[str]:
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["table"])
        return [item["key"]["S"] for page in pages for item in page["Items"]]

    def _send(self, requests: Sequence[Request]) -> dict[str, Served]:
        """Each request through the API; those that were answered at once."""
        served: dict[str, Served] = {}
        sources: dict[str, int] = {}
        with self.api() as call:
            for request in requests:
                started = time.perf_counter()
                status, answer = call("POST /requests", body=request.to_json())
                took = time.perf_counter() - started
                source = answer.get("source") or answer.get("status") or answer.get("error", "")
                sources[source] = sources.get(source, 0) + 1
                if status == ACCEPTED:
                    continue
                if source == LIVE:
                    self.live[request.id] = Answered(request, answer["output"])
                served[request.id] = Served(
                    id=request.id, wait_s=took if status == OK else None,
                    model_s=answer.get("timings", {}).get("model_s"), output=answer.get("output"),
                    error=answer.get("error", ""),
                )  # fmt: skip
        told = ", ".join(f"{count} {source}" for source, count in sources.items())
        self.events.append(f"{len(requests)} requests through the API: {told}")
        return served

    def _drain(self, name: str, design: SimpleDesign, ids: Sequence[str]) -> dict[str, Served]:
        """What a queued part makes of its requests, fetched by their tickets."""
        if not ids:
            return {}
        outputs = self.outputs["addresses"][name]
        waited: dict[str, float | None] = {}
        if isinstance(design, BatchDesign):
            fleet = Fleet(self.aws, outputs, design, self.model_url)
            window = fleet.window(self.now)
            arrivals = window.spread(ids)
            self.events.append(f"{name}: {len(ids)} requests between {window}")
            said, finished = fleet.serve(window)
            self.events += said
            waited = {one: window.waited(at, finished.get(one)) for one, at in arrivals.items()}
        elif isinstance(design, MicroBatchDesign):
            spaced = spread(design, ids)
            with answering(self.model_url):
                said, ready = serve_batches(self.aws, outputs, spaced)
            self.events += said
            waited = {one: ready[one] - at if one in ready else None for one, at in spaced}
        elif isinstance(design, AsynchronousDesign):
            start = assume("endpoint.detection") + assume("endpoint.start") + design.load_time_s
            waited = dict.fromkeys(ids, start if design.sleeps else assume("asynchronous.overhead"))
        with self.api() as call:
            return {one: _fetched(one, call("GET /results/{id}", id=one), waited.get(one)) for one in ids}

    @contextmanager
    def api(self, up: Callable[[], bool] = lambda: True) -> Iterator[Call]:
        """The router's function as the API calls it, its endpoints answered by the rehearsal's model while ``up``."""
        router.forget()
        # In place of a router of one's own: Headway's, told what that one is told.
        own = {VARIABLE: self.outputs["routing"]} if "router" not in self.outputs else None
        environment = own or function_environment(self.aws, self.outputs["router"])
        with (
            answering(self.model_url, up),
            answering_later(self.aws, self.model_url),
            as_in_aws(environment, self.aws.said),
        ):

            def call(route: str, body: str = "", **path: str) -> tuple[int, dict[str, Any]]:
                event = {"routeKey": route, "body": body, "pathParameters": path, "isBase64Encoded": False}
                answer = router.handler(event, None)
                return answer["statusCode"], json.loads(answer["body"])

            yield call

    def _run(self, requests: Sequence[Request], served: Mapping[str, Served], waits: Mapping[str, float]) -> Run:
        """Everything that was asked, with the longest wait that any of it was promised."""
        rows = tuple(
            served.get(one.id, Served(id=one.id, wait_s=None, model_s=None, error="no result")) for one in requests
        )
        late = [one.id for one in rows if one.wait_s is not None and one.wait_s > waits[one.id]]
        if late:
            self.events.append(f"late: {', '.join(late)}")
        queued = [self.outputs, *self.outputs.get("addresses", {}).values()]
        dead = sum(dead_letters(self.aws, one["dead_letter_queue"]) for one in queued if "dead_letter_queue" in one)
        results = {one.id: json.dumps({"id": one.id, "output": one.output}).encode() for one in rows if not one.error}
        return Run(rows, tuple(self.events), dead, max(waits.values()), results)


def _fetched(identity: str, told: tuple[int, Mapping[str, Any]], wait_s: float | None) -> Served:
    status, answer = told
    if status != OK:
        return Served(id=identity, wait_s=None, model_s=None, error=str(answer.get("status", "no result")))
    model_s = answer.get("timings", {}).get("model_s")
    return Served(
        id=identity, wait_s=wait_s, model_s=model_s, output=answer.get("output"), error=answer.get("error", "")
    )


def _shares(routes: Sequence[Route], count: int) -> Iterator[Route]:
    """Routes in proportion to their shares, the furthest behind first; each at least once where there is room."""
    sent = dict.fromkeys((route.tier for route in routes), 0)
    for index in range(count):
        missing = [route for route in routes if not sent[route.tier] and index < len(routes)]
        route = missing[0] if missing else max(routes, key=lambda one: one.share * (index + 1) - sent[one.tier])
        sent[route.tier] += 1
        yield route


def _meeting(route: Route, routes: Sequence[Route]) -> dict[str, Any]:
    """Attributes that meet a route's rule, and for the last one attributes that meet none."""
    if route.field is None:
        return {one.field: "something-else" for one in routes if one.field is not None}
    if route.above is not None:
        return {route.field: route.above + 1}
    return {route.field: route.any_of[0] if route.any_of else route.equals}
