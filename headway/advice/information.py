"""The value of information: which input, within its plausible range, would change the choice, and what that is worth.

Each input is planned again at both ends of its range, the others as declared. How long people can wait is none of
them: it is decided, not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from headway.advice.ranking import Staying, stay
from headway.advice.scales import AtScale, at_scale
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.units import format_duration

MOST_MEASURED = 3
"""Kinds of hardware whose single measurement is looked at, in the order declared."""
MOST_PEAK_FACTOR = 1000.0
"""What a profile accepts."""


class Input(NamedTuple):
    """Something that a profile states, and the factors within which it may well be wrong."""

    name: str
    low: float
    high: float
    vary: Callable[[Profile, float], Iterator[tuple[str, str, Profile | float]]]
    """``(what, value there, the profile then or the factor on its traffic)`` of each thing this stands for."""


class Information(Staying):
    """One input at one end of its range."""

    input: str
    value: str
    """What it is there."""
    factor: float


def _traffic(profile: Profile, factor: float) -> Iterator[tuple[str, str, Profile | float]]:
    del profile
    yield "traffic", f"x {factor:g}", factor


def _peak_factor(profile: Profile, factor: float) -> Iterator[tuple[str, str, Profile | float]]:
    traffic = profile.traffic
    value = min(MOST_PEAK_FACTOR, max(1.0, traffic.peak_factor * factor))
    if value != traffic.peak_factor:
        changed = traffic.model_copy(update={"peak_factor": value})
        yield "peak_factor", f"{value:g}", profile.model_copy(update={"traffic": changed})


def _seconds(profile: Profile, factor: float) -> Iterator[tuple[str, str, Profile | float]]:
    """Hardware that was measured at one batch size alone."""
    model = profile.model
    single = [point for point in model.measured if len(model.service(point.hardware)) == 1]
    for point in single[:MOST_MEASURED]:
        times = {name: getattr(point, name) for name in ("seconds", "p50", "p99")}
        other = point.model_copy(update={name: value and value * factor for name, value in times.items()})
        measured = tuple(other if one is point else one for one in model.measured)
        changed = profile.model_copy(update={"model": model.model_copy(update={"measured": measured})})
        yield f"seconds on {point.hardware}", format_duration(other.seconds), changed


def _load_time(profile: Profile, factor: float) -> Iterator[tuple[str, str, Profile | float]]:
    model = profile.model
    names = dict.fromkeys(point.hardware for point in model.measured)
    times = {name: model.load_time_on(name) * factor for name in names}
    said = " to ".join(dict.fromkeys(format_duration(time) for time in (min(times.values()), max(times.values()))))
    if any(times.values()):
        yield "load_time", said, profile.model_copy(update={"model": model.model_copy(update={"load_time": times})})


INPUTS = (
    Input("traffic", 0.5, 2.0, _traffic),
    Input("peak_factor", 0.5, 2.0, _peak_factor),
    Input("seconds", 0.5, 2.0, _seconds),
    Input("load_time", 0.5, 2.0, _load_time),
)
"""What may be wrong, and by how much: a factor of two either way."""


def information(
    profile: Profile, made: Plan, *, prices: PriceBook | None = None, planned: AtScale | None = None
) -> tuple[Information, ...]:
    """Every input at both ends: what would be right there, and what staying with today's choice would lose a month.

    At most twelve more plans. Those that change the choice come first, the dearest to ignore at their head.

    >>> from headway import load_profile, plan
    >>> form = load_profile("stacks/profiles/contact-form.yaml")
    >>> rows = information(form, plan(form))
    >>> rows[0].input, rows[0].value, rows[0].architecture, rows[0].loses
    ('load_time', '8 s to 40 s', 'realtime', None)
    """
    if made.choice is None or made.scale != 1.0:
        return ()
    book, today = prices or load_book(), made.choice.architecture
    scaled = planned or at_scale(profile, prices)
    rows = []
    for one in INPUTS:
        for factor in (one.low, one.high):
            for what, value, changed in one.vary(profile, factor):
                there = scaled(changed) if isinstance(changed, float) else plan(changed, prices=prices)
                found = stay(profile, there.candidates, book, today)
                rows.append(Information(input=what, value=value, factor=factor, **dict(found)))
    return tuple(sorted(rows, key=_order))


def _order(row: Information) -> tuple[bool, bool, Decimal]:
    """Changes first; among them those where staying is not possible, then the dearest."""
    return (not row.changes, row.loses is not None, -(row.loses or Decimal(0)))
