"""The bill as it came against the bill as it was estimated, line by line, and what explains the difference.

What is assumed (traffic, start-up, spot misses and price, retries) is fitted to the quantities and unit prices of the
actual lines: the values at which the bill's own functions give what was billed, drawn towards what was assumed where
the lines say little. Each line's difference is then told as what each of those values does to it, and a rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import log

from headway.architectures.candidate import Result
from headway.errors import HeadwayError
from headway.observed.fitting import NOISE, fit
from headway.observed.responses import Billed, Response, Unknowns, meter_of_line
from headway.observed.usage_types import UNTAGGED, Meter, meter_of, units_of
from headway.planning.changes import FieldChange
from headway.profile import Profile
from headway.units import HOURS_PER_MONTH, Money

SAID = 0.05
"""Differences of a factor that are worth a correction."""
_ORDER = ("traffic", "start_up", "spot_miss", "retried", "spot_price")
"""In which a difference is told: each on top of those before it."""
WORDS = {"traffic": "traffic", "start_up": "start-up and linger", "spot_miss": "spot misses", "retried": "retries",
         "spot_price": "spot price"}  # fmt: skip


class Usage(Result):
    """What AWS billed of one usage type in the period."""

    service: str
    usage_type: str
    quantity: float
    cost: Money


class Explanation(Result):
    """What one assumption's other value does to a line."""

    assumption: str
    amount: Money


class Reconciled(Result):
    """One meter, estimated and billed."""

    meter: str
    estimate: Money | None
    """For the period; None where the bill has no such line."""
    low: Money | None
    high: Money | None
    actual: Money | None
    """None where AWS tags no such usage."""
    difference: Money | None
    estimated_quantity: float | None
    actual_quantity: float | None
    because: tuple[Explanation, ...]
    """The largest first."""
    rest: Money | None
    """Of the difference, what no assumption explains."""


class Fitted(Result):
    """An assumption as the bill shows it."""

    assumption: str
    assumed: float
    seen: float
    spread: float
    """Standard error of ``seen``; what the lines do not show is as wide as it was thought possible."""


class Reconciliation(Result):
    """A stack's period."""

    stack: str
    since: date
    until: date
    """The first day after the period."""
    estimate: Money
    """Of what AWS tags."""
    low: Money
    high: Money
    actual: Money
    difference: Money
    lines: tuple[Reconciled, ...]
    not_estimated: Money
    """Of ``actual``, what the bill has no line for."""
    fitted: tuple[Fitted, ...]
    corrections: tuple[FieldChange, ...]
    """Of the profile."""
    advice: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def within(self) -> bool:
        """Whether what was billed lies in the estimate's range."""
        return self.low <= self.actual <= self.high


def reconcile(
    stack: str,
    response: Response,
    usage: Iterable[Usage],
    profile: Profile,
    *,
    since: date,
    until: date,
    scale: float = 1.0,
    notes: Sequence[str] = (),
) -> Reconciliation:
    """The estimate of a stack against what AWS billed for it.

    Args:
        stack: Its name.
        response: Its locked bill, and how it answers to what is assumed.
        usage: What AWS billed in the period.
        profile: Whose traffic and sizes are to be corrected.
        since: The first day.
        until: The first day after.
        scale: The stack's share of the profile's traffic.
        notes: What whoever read the usage has to say of it.

    Raises:
        HeadwayError: The period has no days, or nothing was billed.
    """
    rows = tuple(usage)
    if until <= since:
        raise HeadwayError(f"--from {since} --to {until}: the period has no days; --to is the first day after it")
    if not rows:
        raise HeadwayError(f"nothing was billed to stack {stack} from {since} to {until}")
    share = (until - since).days * 24 / HOURS_PER_MONTH
    actual, unknown = _by_meter(rows)
    assumed = Unknowns.assumed()
    fitted, spreads = fit(response, actual, share, assumed)
    steps = _steps(response, assumed, fitted, share)
    lines = [_line(meter, response, steps, actual.get(meter), share) for meter in steps[0][1]]
    extra = sum((row.cost for row in unknown), Decimal(0)) + sum(
        (_money(paid.amount) for meter, paid in actual.items() if meter not in steps[0][1]), Decimal(0)
    )
    lines += _not_estimated(unknown, {key: paid for key, paid in actual.items() if key not in steps[0][1]})
    lines.sort(key=lambda line: -abs(line.difference or Decimal(0)))
    untagged = {line.meter for line in lines if line.actual is None}
    low, expected, high = (
        sum(
            (getattr(line.amount, end) for line in response.lines
             if line.amount and str(meter_of_line(line)) not in untagged), Decimal(0),
        ) * Decimal(str(share))
        for end in ("low", "expected", "high")
    )  # fmt: skip
    hidden = sum((line.estimate for line in lines if line.actual is None and line.estimate), Decimal(0))
    said = [
        *notes,
        *([f"USD {hidden:,.2f} of the estimate is usage that AWS does not tag: left out"] if hidden else []),
    ]
    total = sum((row.cost for row in rows), Decimal(0))
    told = tuple(
        Fitted(assumption=WORDS[name], assumed=getattr(assumed, name), seen=getattr(fitted, name), spread=spreads[name])
        for name in _ORDER
    )
    traced = profile.traffic.trace is not None
    advice = _advice(stack, assumed, fitted, spreads, lines, scale, trace=traced)
    return Reconciliation(
        stack=stack, since=since, until=until, estimate=_cents(expected), low=_cents(low), high=_cents(high),
        actual=_cents(total), difference=_cents(total - expected), lines=tuple(lines), not_estimated=_cents(extra),
        fitted=told, corrections=tuple(_corrections(profile, response, actual, fitted, spreads, share)),
        advice=tuple(advice), notes=tuple(said),
    )  # fmt: skip


def _by_meter(rows: Iterable[Usage]) -> tuple[dict[Meter, Billed], list[Usage]]:
    """Usage by the bill's meters, and what the bill has no meter for."""
    found: dict[Meter, list[float]] = defaultdict(lambda: [0.0, 0.0])
    unknown: dict[tuple[str, str], Usage] = {}
    for row in rows:
        meter = meter_of(row.service, row.usage_type)
        if meter is None:
            key = (row.service, row.usage_type)
            before = unknown.get(key)
            unknown[key] = row if before is None else before.model_copy(
                update={"quantity": before.quantity + row.quantity, "cost": before.cost + row.cost}
            )  # fmt: skip
            continue
        found[meter][0] += row.quantity * units_of(row.usage_type)
        found[meter][1] += float(row.cost)
    return {meter: Billed(*both) for meter, both in found.items()}, list(unknown.values())


def _steps(
    response: Response, assumed: Unknowns, fitted: Unknowns, share: float
) -> list[tuple[str, dict[Meter, Billed]]]:
    """The period's bill as assumed, then with one value after the other as it was seen."""
    now = assumed
    found = [("", _of_period(response, now, share))]
    for name in _ORDER:
        now = now._replace(**{name: getattr(fitted, name)})
        found.append((name, _of_period(response, now, share)))
    return found


def _of_period(response: Response, unknowns: Unknowns, share: float) -> dict[Meter, Billed]:
    billed = response.billed(unknowns)
    return {meter: Billed(one.quantity * share, one.amount * share) for meter, one in billed.items()}


def _line(
    meter: Meter,
    response: Response,
    steps: Sequence[tuple[str, Mapping[Meter, Billed]]],
    paid: Billed | None,
    share: float,
) -> Reconciled:
    estimate = steps[0][1][meter]
    ends = [
        sum((getattr(line.amount, end) for line in response.lines if line.amount and meter_of_line(line) == meter),
            Decimal(0)) * Decimal(str(share))
        for end in ("low", "high")
    ]  # fmt: skip
    untagged = paid is None and meter[:2] in UNTAGGED
    actual = None if untagged else 0.0 if paid is None else paid.amount
    because = []
    for (_, before), (name, after) in pairwise(steps):
        amount = after[meter].amount - before[meter].amount
        if paid is not None and abs(amount) >= 0.005:
            because.append(Explanation(assumption=WORDS[name], amount=_money(amount)))
    because.sort(key=lambda one: -abs(one.amount))
    difference = None if actual is None else _money(actual - estimate.amount)
    rest = None if difference is None else difference - sum((one.amount for one in because), Decimal(0))
    return Reconciled(
        meter=str(meter), estimate=_money(estimate.amount), low=_cents(ends[0]), high=_cents(ends[1]),
        actual=None if actual is None else _money(actual), difference=difference,
        estimated_quantity=estimate.quantity, actual_quantity=None if paid is None else paid.quantity,
        because=tuple(because), rest=rest,
    )  # fmt: skip


def _not_estimated(unknown: Iterable[Usage], extra: Mapping[Meter, Billed]) -> list[Reconciled]:
    """What was billed and is on no line of the bill."""
    rows = [(str(meter), paid.quantity, _money(paid.amount)) for meter, paid in extra.items()]
    rows += [(f"{row.service} {row.usage_type}", row.quantity, _cents(row.cost)) for row in unknown]
    return [
        Reconciled(
            meter=name, estimate=None, low=None, high=None, actual=cost, difference=cost, estimated_quantity=None,
            actual_quantity=quantity, because=(), rest=cost,
        )
        for name, quantity, cost in rows
    ]  # fmt: skip


def _corrections(
    profile: Profile,
    response: Response,
    actual: Mapping[Meter, Billed],
    fitted: Unknowns,
    spreads: Mapping[str, float],
    share: float,
) -> Iterable[FieldChange]:
    """Fields of the profile that would have given this bill."""
    factor = fitted.traffic
    if abs(log(factor)) > max(SAID, 2 * spreads["traffic"] / factor):
        yield from _scaled_traffic(profile, factor)
    data = Meter("SageMakerHosting", "data_processed")
    billed = response.billed(fitted).get(data)
    seen = actual.get(data)
    if billed and seen and seen.quantity > 0 and profile.model.request.mean > 10 * profile.model.response:
        larger = seen.quantity / (billed.quantity * share)
        if abs(log(larger)) > 2 * NOISE:
            mean = profile.model.request.mean
            yield FieldChange(field="model.request.mean", before=mean, after=_three(mean * larger))


def _scaled_traffic(profile: Profile, factor: float) -> Iterable[FieldChange]:
    traffic = profile.traffic
    for form in ("per_hour", "per_day", "per_month"):
        value = getattr(traffic, form)
        if value is not None:
            yield FieldChange(field=f"traffic.{form}", before=value, after=_three(value * factor))
    for place, rule in enumerate(traffic.shape or ()):
        before, after = rule.per_hour, _three(rule.per_hour * factor)
        yield FieldChange(field=f"traffic.shape[{place}].per_hour", before=before, after=after)
    for place, pile in enumerate(traffic.scheduled or ()):
        before, after = pile.items, round(pile.items * factor)
        yield FieldChange(field=f"traffic.scheduled[{place}].items", before=before, after=after)
    if traffic.hourly is not None:
        rates = [_three(rate * factor) for rate in traffic.hourly]
        yield FieldChange(field="traffic.hourly", before=list(traffic.hourly), after=list(rates))


def _advice(
    stack: str,
    assumed: Unknowns,
    fitted: Unknowns,
    spreads: Mapping[str, float],
    lines: Iterable[Reconciled],
    scale: float,
    *,
    trace: bool,
) -> Iterable[str]:
    """What to do about the rest."""
    moved = [
        WORDS[name]
        for name in ("start_up", "spot_miss", "spot_price", "retried")
        if abs(getattr(fitted, name) - getattr(assumed, name)) > 2 * spreads[name]
    ]
    if moved:
        yield f"not as assumed: {', '.join(moved)}; `headway calibrate --stack {stack}`, then lock again"
    if scale != 1 and abs(log(fitted.traffic)) > SAID:
        yield f"the stack gets {scale:g} of the profile's traffic: if its share is another, correct headway:scale"
    if trace and abs(log(fitted.traffic)) > max(SAID, 2 * spreads["traffic"] / fitted.traffic):
        yield f"{fitted.traffic:.2f} x of the trace's requests came: measure it again (`headway traffic`)"
    hosts = [one for one in lines if one.estimate and one.rest and ("EC2" in one.meter or "hosting" in one.meter)]
    for one in hosts:
        if one.estimate and one.rest and abs(one.rest) > max(Decimal("0.1") * one.estimate, Decimal(1)):
            yield f"{one.meter}: nothing assumed explains USD {one.rest:+,.2f}: measure the model again"


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


def _three(value: float) -> float:
    return float(f"{value:.3g}")
