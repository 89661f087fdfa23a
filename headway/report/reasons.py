"""What a plan teaches, in sentences: advice, how sure it is, what is paid once, what could be committed or measured."""

from __future__ import annotations

from collections.abc import Sequence

from headway.advice import Advice, BreakEven, Case, Commitment, Information, OneOff, Step
from headway.advice.ranking import Staying
from headway.bill.lines import Range
from headway.units import DAYS_PER_MONTH, format_usd, span_text


def advice_sentence(one: Advice) -> str:
    """A finding with what it saves; its code stands apart."""
    saves = "" if one.saves is None else f" (saves {format_usd(one.saves)} a month)"
    return f"{one.message}{saves}"


def share_of_first(step: Step, steps: Sequence[Step]) -> str:
    """A step's saving as a share of the first bill, or nothing where it saves nothing."""
    first = float(steps[0].saves or steps[0].monthly)
    return "" if not step.saves or not first else f"{float(step.saves) / first:.1%} of the first bill"


def robustness_sentences(cases: Sequence[Case]) -> list[str]:
    """Whether the choice holds at both ends of each unknown; which one changes it, and to what."""
    changing = [case for case in cases if case.changes]
    held = [case for case in cases if not case.changes]
    said = [f"at {case.unknown} {case.value}, {_then(case)}" for case in changing]
    if held:
        which = f"all {len(cases)}" if not changing else f"{len(held)} of {len(cases)}"
        names = ", ".join(dict.fromkeys(case.unknown for case in held))
        totals = sorted(case.staying for case in held if case.staying is not None)
        cost = span_text(format_usd(totals[0]), format_usd(totals[-1])) if totals else ""
        span = f"; it costs {cost} a month there, operations included"
        said.append(
            f"{held[0].architecture} stays right in {which} cases: {names}, one at a time at the low and high end of "
            f"its range{span if totals else ''}"
        )
    return said


def harmless_inputs(rows: Sequence[Information]) -> str | None:
    """The inputs that change nothing within half to twice their value."""
    changing = {row.input for row in rows if row.changes}
    same = [name for name in dict.fromkeys(row.input for row in rows) if name not in changing]
    return f"within half to twice its value nothing changes: {', '.join(same)}" if same else None


def loss(case: Staying) -> str:
    """What staying with the choice would lose a month."""
    if case.loses is None:
        return "the wait: it has no design there" if case.staying is None else "what has no price"
    return format_usd(case.loses) if case.loses else "nothing, simpler is enough"


def one_off_sentences(rows: Sequence[OneOff]) -> list[str]:
    """Hours to build and migrate, and when they have paid for themselves."""
    if not rows:
        return []
    first = rows[0]
    work = [
        f"{hours:g} h to {what}"
        for what, hours in (("build", first.build_hours), ("migrate", first.migration_hours))
        if hours
    ]
    said = (
        f"{first.architecture} takes {' and '.join(work)}: {format_usd(first.cost)} at "
        f"{format_usd(first.hourly_cost, cents=False)} an hour (assumed: {', '.join(first.assumptions)})"
    )
    return [said, *(_payback(row) for row in rows if row.saves is not None)]


def commitment_sentences(rows: Sequence[Commitment]) -> list[str]:
    """What a Savings Plan would save on the choice, and whether one on another endpoint would change the choice."""
    own = [row for row in rows if row.chosen]
    said = [_commitment(row) for row in own if row.instance_type]
    said += [f"nothing to commit: {note}" for note in dict.fromkeys(row.note for row in own if not row.instance_type)]
    said += [
        f"with every endpoint committed for {_years(row)} at {_share(row.discount.high)} off, "
        + (f"{row.right_at_most} would be right" if row.right_at_most != row.architecture else "the choice is the same")
        for row in own[-1:]
        if row.right_at_most and len(rows) > len(own)
    ]
    notes = [row.note for row in own if row.instance_type and row.note and row.instances.high]
    return [*said, *dict.fromkeys(notes)]


def break_even_sentence(change: BreakEven) -> str:
    """The volume, or the hit rate, at which another architecture would be right."""
    then = f"{change.architecture} is right" if change.architecture else "nothing makes the wait"
    if change.direction == "hit_rate":
        return f"below a hit rate of {change.factor:.0%} {change.architecture} costs less, operations included"
    side = "from" if change.direction == "up" else "down to"
    when = f", in {change.months:g} months of declared growth" if change.months else ""
    return f"{side} {change.factor:g} x today's traffic ({change.per_month:,.0f} requests a month) {then}{when}"


def _then(case: Staying) -> str:
    if case.architecture is None:
        return "nothing makes the wait"
    return f"{case.architecture} is right: staying loses {loss(case)} a month"


def _payback(row: OneOff) -> str:
    saves = row.saves or 0
    if row.payback_months is None:
        how = "as much as" if not saves else f"{format_usd(-saves)} more than"
        return f"it costs {how} {row.against} a month, operations included: it does not pay back"
    note = f" ({row.note})" if row.note else ", operations included"
    against = row.against if row.more == row.cost else f"{row.against}, the cheapest simpler design"
    extra = "" if row.more == row.cost else f"{format_usd(row.more)} more once: "
    return f"against {against}: {extra}saves {format_usd(saves)} a month{note}, paid back {_time(row.payback_months)}"


def _time(months: float) -> str:
    if not months:
        return "at once"
    return f"in {months:.1f} months" if months >= 2 else f"in {max(1.0, months * DAYS_PER_MONTH):.0f} days"


def _commitment(row: Commitment) -> str:
    off = f"{_years(row)} at {span_text(_share(row.discount.low), _share(row.discount.high))} off ({row.assumption})"
    if not row.instances.high:
        return f"{off}: nothing worth committing"
    if row.saves is None:
        return f"{off}: the on-demand price is unknown, and so is the saving"
    paid = "" if row.on_demand is None else f" of {format_usd(row.on_demand)}"
    return f"{off}: {_count(row.instances)} x {row.instance_type} saves {_span(row.saves)} a month{paid}"


def _count(instances: Range) -> str:
    return " to ".join(dict.fromkeys(f"{value:f}" for value in (instances.low, instances.high)))


def _span(amount: Range) -> str:
    return span_text(format_usd(amount.low), format_usd(amount.high))


def _share(value: object) -> str:
    return f"{value:.0%}"


def _years(row: Commitment) -> str:
    return "1 year" if row.years == 1 else f"{row.years} years"
