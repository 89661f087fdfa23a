"""Inference: whatever a plan chose, provisioned, with its reasons and its bill as outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pulumi

from headway.architectures.candidate import Candidate
from headway.architectures.design import LiveDesign
from headway.architectures.hybrid_design import Design
from headway.errors import HeadwayError
from headway.planning.lock import Lock, joint_bill, read_lock
from headway.planning.plan import Plan
from headway.planning.search import plan as make_plan
from headway.profile import Profile, load_profile, read_profile
from headway.report.words import verdict
from headway_components.arguments import known, monthly_ends, priced
from headway_components.features import FeatureStore
from headway_components.former import Running, keep
from headway_components.parts import SIMPLE
from headway_components.precomputed import Precomputed
from headway_components.site import Wiring
from headway_components.tiered import Tiered

COMPONENTS: Final[Mapping[str, Callable[..., pulumi.ComponentResource]]] = {
    **SIMPLE,
    "tiered": Tiered,
    "precomputed": Precomputed,
    "features": FeatureStore,
}
"""The component that provisions each architecture, under the planner's name for it."""
TYPE = "headway:index:Inference"
_QUEUE = frozenset({"queue_arn", "dead_letter_queue_arn", "results_bucket"})
TAKES: Final[Mapping[str, frozenset[str]]] = {
    "batch": _QUEUE,
    "microbatch": _QUEUE,
    "asynchronous": frozenset({"results_bucket"}),
    "tiered": frozenset({"results_bucket"}),
    "precomputed": frozenset({"results_bucket"}),
    "features": frozenset({"results_bucket"}),
}
"""What can be wired into an architecture besides what fits all."""
OUTPUTS = (
    "queue_url",
    "results_bucket",
    "dead_letter_queue",
    "dispatcher",
    "function_name",
    "endpoint_name",
    "success_topic",
    "error_topic",
    "api_url",
    "router",
    "routing",
    "router_policy",
    "table",
    "manifests",
    "addresses",
)
"""What a component may expose; those it has become outputs."""


class InferenceArgs(Wiring, total=False):
    """Arguments of `Inference`: a plan, or a profile to plan now; and what any component may be wired with."""

    plan: Plan | Lock | Mapping[str, Any] | str
    """A `Plan`, its JSON, a `Lock`, or the path of one. A lock also says what runs alongside, and what ran before:
    whose queues, buckets and tables stay."""
    profile: Profile | Mapping[str, Any] | str
    """A `Profile`, its fields, or the path of its file. Without ``plan`` it is planned when the program runs; with it
    the two must belong together."""
    max_monthly: Decimal | float | str
    """The most USD a month that the plan's expected bill may be: above it the program fails before anything is made."""
    queue_arn: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]
    results_bucket: pulumi.Input[str]


class Inference(pulumi.ComponentResource):
    """The architecture that a plan chose.

    Give ``plan`` in production: planning while Pulumi runs would let a new price change what is provisioned.
    """

    architecture: pulumi.Output[str]
    why: pulumi.Output[list[str]]
    monthly_bill: pulumi.Output[Mapping[str, str]]
    queue_url: pulumi.Output[str]
    results_bucket: pulumi.Output[str]
    endpoint_name: pulumi.Output[str]
    part: pulumi.ComponentResource
    """The architecture's own component."""

    def __init__(self, name: str, args: InferenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        known(name, args, InferenceArgs)
        plan, alongside, former = _told(args)
        choice, design, chosen = plan.choice, plan.design, plan.chosen
        if choice is None or design is None or chosen is None:
            raise HeadwayError(f"{plan.profile.name}: {_nothing_to_run(plan)}")
        told = {"monthly_bill": joint_bill(plan, alongside), "max_monthly": args.get("max_monthly")}
        inputs, bill = priced(name, told), monthly_ends(told)
        # As inputs, so that a preview shows them: it ends before a component's outputs are known.
        super().__init__(TYPE, name, {"architecture": choice.architecture, **inputs}, opts)
        pulumi.log.info(verdict(plan), self)
        self.part = self._component(name, chosen, _wiring(args, design))
        running = [Running(design, self.part)]
        outputs: dict[str, Any] = {"architecture": choice.architecture, "why": list(choice.why), "monthly_bill": bill}
        if alongside is not None and alongside.chosen is not None and alongside.design is not None:
            # With a queue and a bucket of its own: what was wired in belongs to what serves.
            handed = {key: value for key, value in args.items() if key in Wiring.__annotations__}
            second = self._component(name, alongside.chosen, handed)
            running.append(Running(alongside.design, second))
            outputs["alongside"] = {"architecture": alongside.design.architecture, **_reached(second)}
        kept = keep(former, running, name, _wiring(args, design), self)
        if kept:
            outputs["kept"] = kept
        outputs |= _reached(self.part)
        for output, value in outputs.items():
            setattr(self, output, pulumi.Output.from_input(value))
        self.outputs = outputs
        # For the policy pack, which sees no inputs of a component.
        budget = {} if plan.profile.budget is None else {"budget": f"{plan.profile.budget:f}"}
        self.register_outputs({**outputs, **budget})

    def _component(self, name: str, chosen: Candidate, wiring: Mapping[str, Any]) -> pulumi.ComponentResource:
        return COMPONENTS[chosen.architecture](
            name,
            {**wiring, "design": chosen.design, "monthly_bill": chosen.bill},
            pulumi.ResourceOptions(parent=self),
        )


def _reached(part: pulumi.ComponentResource) -> dict[str, Any]:
    """What an architecture's component exposes."""
    return {one: found for one in OUTPUTS if (found := getattr(part, one, None)) is not None}


def _told(args: InferenceArgs) -> tuple[Plan, Plan | None, tuple[Design, ...]]:
    """What shall run, what beside it, and what ran before."""
    given = args.get("plan")
    lock = read_lock(Path(given)) if isinstance(given, str) else given
    if not isinstance(lock, Lock):
        return _plan(args), None, ()
    plan = _plan({**args, "plan": lock.plan})
    architectures = [design.architecture for design in lock.designs]
    if len(architectures) > len(set(architectures)):
        raise HeadwayError(f"{plan.profile.name}: {architectures[0]} cannot run alongside itself")
    return plan, lock.alongside, lock.former


def _plan(args: InferenceArgs) -> Plan:
    given, profile = args.get("plan"), _profile(args.get("profile"))
    if given is None:
        if profile is None:
            raise HeadwayError("Inference: give a plan (the path of a locked one), or a profile to plan")
        return make_plan(profile)
    plan = given if isinstance(given, Plan) else Plan.model_validate(given)
    if profile is not None and profile.digest != plan.profile.digest:
        raise HeadwayError(
            f"Inference: the plan answers {plan.profile.name} as it was ({plan.profile.digest[:12]}), the profile has "
            f"changed since ({profile.digest[:12]}): run `headway lock` again"
        )
    return plan


def _profile(given: Profile | Mapping[str, Any] | str | None) -> Profile | None:
    if given is None or isinstance(given, Profile):
        return given
    return load_profile(Path(given)) if isinstance(given, str) else read_profile(dict(given))


_NOT_WIRING = frozenset({"plan", "profile", "max_monthly"})


def _wiring(args: InferenceArgs, design: Design) -> dict[str, Any]:
    """What was wired in, checked against what the architecture can use: nothing is passed over in silence."""
    wired = {key: value for key, value in args.items() if key not in _NOT_WIRING}
    routed = {"results_bucket"} if isinstance(design, LiveDesign) and design.router else set()
    unused = _QUEUE & wired.keys() - TAKES.get(design.architecture, frozenset()) - routed
    if unused:
        raise HeadwayError(
            f"{', '.join(sorted(unused))}: the plan chose {design.architecture}, which has no use for it"
        )
    return wired


def _nothing_to_run(plan: Plan) -> str:
    closest = f"; {plan.closest.architecture} comes closest: {plan.closest.relax}" if plan.closest else ""
    return f"no architecture meets the wait{closest}"
