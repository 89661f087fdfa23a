"""Advice: the common mistakes that a workload makes or would make, each with its numbers and what mending it saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from headway.advice.finding import WORTH_SAYING, Advice, who_waits
from headway.advice.mistakes_hardware import unmeasured_cheaper_hardware
from headway.advice.mistakes_hybrids import hybrid_ignored, stale_data
from headway.advice.mistakes_waiting import longer_waits
from headway.architectures.candidate import Candidate
from headway.architectures.design import BatchDesign
from headway.planning.plan import Plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.units import format_duration, format_usd

IDLE_BELOW = 0.2
"""Utilisation under which a fleet mostly waits."""
COMPUTE = ("EC2", "SageMakerHosting", "SageMakerServerless")
CURES = {
    "NATGateway": "S3 through a gateway endpoint is free, and public subnets need no NAT",
    "CloudWatch": "write fewer logs, watch fewer metrics",
}
"""What makes a service around the model cheaper."""
WATCHES = {
    "completion": ("failed-jobs", "dead-letters"),
    "schedule": ("missed-departures", "queue-age", "stuck-jobs", "dispatcher-errors"),
    "account": ("unaccounted",),
    "promise": ("burn-rate-1h", "burn-rate-6h", "burn-rate-24h"),
    "answers": ("doubtful-answers", "schema-breaks", "failed-probes"),
}
"""What the alarms of a batch design look after."""


def advise(profile: Profile, made: Plan, *, prices: PriceBook | None = None) -> tuple[Advice, ...]:
    """What the plan's reader should look at, the largest saving first.

    >>> from headway import load_profile, plan
    >>> profile = load_profile("stacks/profiles/loan-documents.yaml")
    >>> [advice.code for advice in advise(profile, plan(profile))][:2]
    ['real-time-by-default', 'scale-that-is-not-there']
    """
    chosen = made.chosen
    if chosen is None:
        return ()
    found: list[Advice] = []
    for rule in _RULES:
        found += rule(profile, made, chosen)
    found += unmeasured_cheaper_hardware(profile, made, prices or load_book())
    found += longer_waits(profile, made, prices)
    found += hybrid_ignored(profile, made, prices)
    found += stale_data(profile, made, prices)
    return tuple(sorted(found, key=lambda one: -(one.saves or Decimal(0))))


def _real_time_by_default(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """Real time runs though nobody waits for it."""
    current = profile.current
    if current is None or made.current is None or current.architecture != "realtime":
        return
    if chosen.architecture == "realtime" or profile.latency.waiting == "user" or made.current.difference is None:
        return
    yield Advice(
        code="real-time-by-default",
        message=f"real time runs today, but who waits is {who_waits(profile)}, for "
        f"{format_duration(profile.latency.max_wait)}: {chosen.architecture} is enough",
        saves=made.current.difference,
    )


def _scale_that_is_not_there(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """Today's fleet against the same architecture sized for the traffic."""
    del chosen
    live = next((c for c in made.candidates if c.architecture == "realtime" and c.feasible and c.monthly), None)
    if profile.current is None or profile.current.architecture != "realtime" or made.current is None or live is None:
        return
    today = made.current.priced or made.current.stated
    if live.monthly is None or today is None or today < 2 * live.monthly.expected:
        return
    yield Advice(
        code="scale-that-is-not-there",
        message=f"today's fleet costs {format_usd(today)}; real time sized for the busiest hour, {live.facts[0]}, "
        f"{format_usd(live.monthly.expected)}",
        saves=today - live.monthly.expected,
    )


def _mostly_idle(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """What is paid while nothing is done."""
    del profile, made
    if chosen.utilization is None or chosen.utilization >= IDLE_BELOW or chosen.bill is None:
        return
    paid = sum((line.amount.expected for line in chosen.bill.lines if line.instance_type and line.amount), Decimal(0))
    idle = paid * (1 - Decimal(str(round(chosen.utilization, 4))))
    if idle < WORTH_SAYING:
        return
    cure = (
        "starting and lingering: longer windows start less often"
        if isinstance(chosen.design, BatchDesign)
        else "waiting for requests: measure a smaller type, or share the endpoint"
    )
    yield Advice(
        code="idle",
        message=f"instances are busy {chosen.utilization:.0%} of what is paid; {format_usd(idle)} a month go into "
        f"{cure}",
    )


def _spot_misses(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """On-demand behind spot that costs more than spot itself."""
    del profile, made
    spent = {"spot": Decimal(0), "on_demand": Decimal(0)}
    for line in chosen.bill.lines if chosen.bill else ():
        if line.meter in spent and line.amount:
            spent[line.meter] += line.amount.expected
    if spent["spot"] and spent["on_demand"] > spent["spot"]:
        yield Advice(
            code="spot-misses",
            message=f"departures that miss spot cost {format_usd(spent['on_demand'])} on-demand, spot itself "
            f"{format_usd(spent['spot'])}: a second instance family misses less often",
        )


def _overheads(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """What surrounds the model dearer than the model."""
    del profile, made
    if chosen.bill is None:
        return
    rest: dict[str, Decimal] = {}
    compute = Decimal(0)
    for line in chosen.bill.lines:
        if line.amount is None:
            continue
        if line.service in COMPUTE:
            compute += line.amount.expected
        else:
            rest[line.service] = rest.get(line.service, Decimal(0)) + line.amount.expected
    total = sum(rest.values(), Decimal(0))
    if total > compute and total >= WORTH_SAYING:
        most = max(rest, key=lambda name: rest[name])
        yield Advice(
            code="overheads",
            message=f"what surrounds the model costs {format_usd(total)}, the model {format_usd(compute)}; most of it "
            f"is {most} ({format_usd(rest[most])})" + (f": {CURES[most]}" if most in CURES else ""),
        )


def _measure_batches(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """Batches of more than one were never measured."""
    del made
    if not isinstance(chosen.design, BatchDesign):
        return
    for pool in chosen.design.pools:
        points = profile.model.service(pool.instance_type)
        if len(points) == 1 and pool.gpus:
            yield Advice(
                code="measure-batches",
                message=f"only batches of {points[0].batch} were measured on {pool.instance_type}: measure 8, which "
                "on a GPU often takes half the time an item",
            )


def _nobody_monitors(profile: Profile, made: Plan, chosen: Candidate) -> Iterator[Advice]:
    """A batch fails while nobody looks: what its alarms watch, and what none does."""
    del profile, made
    if not isinstance(chosen.design, BatchDesign):
        return
    made_here = {what: [name for name in names if name in chosen.design.alarms] for what, names in WATCHES.items()}
    *firsts, last = [f"{what} ({', '.join(names)})" for what, names in made_here.items() if names]
    watched = f"{', '.join(firsts)} and {last}"
    unwatched = "None watches how good the results are: declare model.validation, or look at a sample"
    if chosen.design.validation is not None:
        unwatched = "They know the shape of an answer, not whether it is true: look at a sample now and then"
        if not chosen.design.validation.probes:
            unwatched = "None asks the model what is known: add probes to model.validation"
    yield Advice(
        code="nobody-monitors",
        message=f"nobody looks at a batch while it runs. Alarms watch its {watched}: subscribe somebody to their "
        f"topic. {unwatched}",
    )


_RULES: tuple[Callable[[Profile, Plan, Candidate], Iterator[Advice]], ...] = (
    _real_time_by_default, _scale_that_is_not_there, _mostly_idle, _spot_misses, _overheads, _measure_batches,
    _nobody_monitors,
)  # fmt: skip
