"""A rehearsal: a stack's program in an in-memory AWS, and real requests through what it made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
)
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.architectures.validating import checks_answers
from headway.errors import HeadwayError
from headway.planning.lock import stack_plan
from headway.planning.plan import Plan
from headway.planning.stacks import stack_config, stack_settings
from headway_rehearsal.account import account
from headway_rehearsal.alarms import look
from headway_rehearsal.batches import rehearse_microbatch
from headway_rehearsal.endpoint import rehearse_asynchronous, rehearse_endpoint
from headway_rehearsal.engine_binary import needed_engine
from headway_rehearsal.fleet import Fleet, describe_wait
from headway_rehearsal.lifecycle import Accidents, program_on_engine
from headway_rehearsal.model_server import model_server, sample_requests
from headway_rehearsal.nonsense import nonsense_server
from headway_rehearsal.observed import Run
from headway_rehearsal.outage import Outage
from headway_rehearsal.outcome import Outcome, Resource, print_outcome
from headway_rehearsal.provision import Provisioned, provision
from headway_rehearsal.resources.base import Aws
from headway_rehearsal.routed import Routed

RESULTS = Path(".headway/rehearsal")
"""Where results are copied to, below the project; ignored by git."""

Progress = Callable[[str], None]
Routing = RealtimeDesign | ServerlessDesign | TieredDesign | PrecomputedDesign | FeaturesDesign
"""Designs that a router may stand before."""


def rehearse(
    root: Path,
    stack: str,
    *,
    requests: int = 20,
    now: datetime | None = None,
    nonsense: bool = False,
    engine: Accidents | None = None,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Provision a stack, in process or on the real Pulumi engine, and send requests through it.

    Args:
        root: The project's folder.
        stack: A stack that has a config file in it.
        requests: How many to send.
        nonsense: Let the model answer nonsense, to see what becomes of it and which alarms say so.
        engine: Take the stack through its life on the Pulumi engine, with these accidents (`Accidents()`: none).
        now: Time of the rehearsal, aware; the latest departure up to it is rehearsed.
        progress: Is told what happens.

    Raises:
        HeadwayError: The stack's config, lock or profile cannot be used, or the program refuses them; no engine.
    """
    found = needed_engine(root) if engine is not None else None
    settings = stack_settings(root, stack)
    plan, notes = stack_plan(stack, settings, root)
    design = plan.design
    if design is None:
        raise HeadwayError(f"{plan.profile.name}: no architecture meets the wait, so there is nothing to rehearse")
    config = stack_config(root, stack)
    configured = config.get("aws:region", design.region)
    if configured != design.region:
        raise HeadwayError(f"stack {stack}: aws:region is {configured}, the profile's region is {design.region}")
    serving = nonsense_server() if nonsense else model_server(root)
    with serving as model_url, account(design.region) as aws:

        def serve(made: Provisioned) -> Outcome:
            progress(f"{len(made.resources)} resources; sending {requests} requests")
            run = _drive(aws, made, design, model_url, list(sample_requests(root, requests)), now or datetime.now(UTC))
            found = _outcome(root, stack, plan, design, made, run, notes)
            unwatched = {"unwatched": _unwatched(design, settings.profile)} if nonsense else {}
            return found.model_copy(update={**_alarms(aws), **unwatched})

        program = root / "__main__.py"
        if found is not None and engine is not None:
            with program_on_engine(program, stack, config, aws, found) as life:
                life.say = progress
                return life.lead(serve, engine, protected=settings.protect_data)
        progress(f"provisioning stack {stack} on an in-process AWS")
        return serve(provision(program, stack, config, aws))


def _drive(aws: Aws, made: Provisioned, design: Design, model_url: str, bodies: list[object], now: datetime) -> Run:
    if isinstance(design, BatchDesign):
        return Fleet(aws, made.outputs, design, model_url).rehearse(bodies, now)
    if isinstance(design, AsynchronousDesign):
        return rehearse_asynchronous(aws, made.outputs, design, model_url, bodies)
    if isinstance(design, MicroBatchDesign):
        return rehearse_microbatch(aws, made.outputs, design, model_url, bodies)
    if isinstance(design, RealtimeDesign | ServerlessDesign) and design.router is None:
        return rehearse_endpoint(aws, made.outputs["endpoint_name"], design, model_url, bodies)
    return _routed(Routed(aws, made.outputs, model_url, now), design, bodies)


def _routed(routed: Routed, design: Routing, bodies: Sequence[object]) -> Run:
    """What stands behind a router; then its ladder, with the endpoint down and up again."""
    if isinstance(design, TieredDesign):
        run = routed.tiers(design, bodies)
    elif isinstance(design, PrecomputedDesign):
        run = routed.answers(design, bodies)
    elif isinstance(design, FeaturesDesign):
        run = routed.features(design, bodies)
    else:
        run = routed.endpoint(design, bodies)
    if design.router is None or design.router.ladder is None:
        return run
    said, wrong = Outage(routed, design.router.ladder).rehearse()
    return replace(run, served=(*run.served, *wrong), events=(*run.events, *said))


def _alarms(aws: Aws) -> dict[str, object]:
    looked = look(aws)
    return {"alarms": tuple(dict.fromkeys(one.name for one in looked if one.on)), "watching": len(looked)}


def _unwatched(design: Design, profile: str) -> str:
    """What to do about nonsense that nothing looks at; empty where answers are checked."""
    if checks_answers(design):
        return ""
    called = isinstance(design, RealtimeDesign | ServerlessDesign) and design.router is None
    if called or isinstance(design, AsynchronousDesign):
        kinds = "workers, micro-batches and the router of a fallback check answers"
        return f"nothing watches what the model answers: {design.architecture} hands it on as it is; {kinds}"
    return (
        "nothing watches what the model answers: this nonsense went to whoever asked. Declare model.validation in "
        f"{profile} (a schema, how sure an answer has to be, probes whose answers are known), as "
        "stacks/profiles/post-room.yaml does"
    )


def _wait_is(design: Design) -> str:
    if isinstance(design, BatchDesign):
        return describe_wait(design)
    if isinstance(design, AsynchronousDesign) and design.sleeps:
        return "a start from nothing assumed for each, the model measured here"
    if isinstance(design, MicroBatchDesign):
        return "arrivals and hand-over virtual, the endpoint measured here"
    if isinstance(design, TieredDesign):
        return "of the most patient tier; live tiers measured here, queued ones in virtual time"
    return "measured here, on this machine"


def _outcome(
    root: Path, stack: str, plan: Plan, design: Design, made: Provisioned, run: Run, notes: tuple[str, ...]
) -> Outcome:
    folder = root / RESULTS / stack / "results"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for identity, content in run.results.items():
        (folder / f"{identity}.json").write_bytes(content)
    return Outcome(
        stack=stack,
        architecture=design.architecture,
        why=plan.choice.why if plan.choice else (),
        monthly_bill=made.outputs["monthly_bill"],
        outputs=made.outputs,
        resources=tuple(Resource(type=row.type, name=row.name, id=row.id) for row in made.resources),
        events=(*notes, *run.events),
        requests=run.served,
        dead_letters=run.dead_letters,
        max_wait_s=run.promise_s,
        wait_is=_wait_is(design),
        results=str(folder),
    )


__all__ = ["Accidents", "Outcome", "print_outcome", "rehearse"]
