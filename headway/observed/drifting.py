"""Whether what a stack runs is still right: planned anew, as if it were chosen today, week by week of what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from headway.architectures.candidate import Result
from headway.errors import HeadwayError
from headway.observed.weeks import Week, mean_week
from headway.planning.calibration import Calibration
from headway.planning.lock import Lock, Settings, plan_for
from headway.planning.plan import Plan
from headway.prices import PriceBook
from headway.profile import Profile, Trace
from headway.traffic.build import cycle_factors, cycles_of
from headway.units import WEEKS_PER_MONTH, Money, format_duration, format_usd

OLD_PRICES = timedelta(days=45)
"""Prices that are older are said to be."""


class Dated(NamedTuple):
    """A price book and the date of its newest price."""

    day: date
    book: PriceBook

    @classmethod
    def of(cls, book: PriceBook) -> Dated:
        """By what the book says itself.

        Raises:
            HeadwayError: It has no date.
        """
        try:
            return cls(date.fromisoformat(book.as_of), book)
        except ValueError:
            raise HeadwayError(f"the price book has no date ({book.as_of}): `headway prices refresh`") from None


class WeekChoice(Result):
    """What would be chosen if every week were like this one."""

    monday: date
    requests: float
    prices_of: date
    architecture: str | None
    """None where nothing makes the wait."""
    monthly: Money | None


class Drift(Result):
    """A stack's choice against what would be chosen now."""

    stack: str
    today: date
    running: str
    right: str | None
    """What would be chosen now; None where nothing makes the wait."""
    since: date | None
    """The Monday of the first of the weeks, without a gap up to the last one, that say so; None where no week alone
    does, or where what runs is right."""
    weeks: tuple[WeekChoice, ...]
    monthly_requests: float
    planned_requests: float
    """Of the lock."""
    running_monthly: Money | None
    """What runs, sized for what comes; None where it cannot make the wait."""
    right_monthly: Money | None
    running_total: Money | None
    """With operations, by which the choice is made."""
    right_total: Money | None
    why: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def drifted(self) -> bool:
        """Whether something else is right."""
        return self.right != self.running

    @property
    def verdict(self) -> str:
        """In one sentence."""
        if not self.drifted:
            return f"stack {self.stack}: {self.running} is still right"
        if self.right is None:
            return f"stack {self.stack}: with what comes now nothing makes the wait, {self.running} neither"
        agree = sum(week.architecture == self.right for week in self.weeks)
        when = f"since the week of {self.since}" if self.since else "over the whole of it, by no week alone"
        saved = ""
        if self.running_total is not None and self.right_total is not None:
            saved = f", {format_usd(self.running_total - self.right_total)} a month less with operations"
        elif self.running_total is None:
            saved = f"; {self.running} no longer makes the wait"
        return (
            f"stack {self.stack}: {self.right} is right in place of {self.running}, {when} "
            f"({agree} of {len(self.weeks)} weeks){saved}"
        )


def find_drift(
    lock: Lock,
    profile: Profile,
    settings: Settings,
    weeks: Sequence[Week],
    books: Sequence[Dated],
    *,
    today: date,
    calibration: Calibration | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Drift:
    """What would be chosen for the traffic that came and at the prices of now, and since when.

    Args:
        lock: What the stack runs.
        profile: The stack's, whose waits, model and team hold; only its traffic is replaced.
        settings: The stack's.
        weeks: Requests as they came to the stack, the earliest first.
        books: Price books; each week is planned with the newest that was there, all together with the newest.
        today: Where old prices are old.
        calibration: What was observed on the stack.
        say: Called with what is being planned.

    Raises:
        HeadwayError: The lock holds no choice, or the profile's work comes on a schedule that no metric shows.
    """
    if lock.plan.choice is None:
        raise HeadwayError(f"the lock of stack {lock.stack} holds no choice: run `headway lock --stack {lock.stack}`")
    if profile.traffic.scheduled is not None:
        raise HeadwayError(f"{profile.name} is scheduled work: its traffic is what the schedule says, nothing drifts")
    newest = max(books, key=lambda one: one.day)

    def planned(hourly: tuple[float, ...], book: PriceBook) -> Plan:
        return plan_for(_with(profile, hourly, settings.scale), settings, calibration=calibration, prices=book)

    choices: list[WeekChoice] = []
    for week in weeks:
        say(f"the week of {week.monday}")
        then = max((one for one in books if one.day <= week.monday + timedelta(weeks=1)), default=None,
                   key=lambda one: one.day) or min(books, key=lambda one: one.day)  # fmt: skip
        choice = planned(week.hourly, then.book).choice
        choices.append(
            WeekChoice(
                monday=week.monday, requests=week.requests, prices_of=then.day,
                architecture=choice.architecture if choice else None,
                monthly=choice.monthly.expected if choice else None,
            )
        )  # fmt: skip
    say("all weeks together")
    mean = mean_week(weeks)
    now = planned(mean, newest.book)
    running = lock.plan.choice.architecture
    right = now.choice.architecture if now.choice else None
    bills = {one.architecture: one for one in now.candidates if one.feasible and one.bill is not None}

    def costs(name: str | None) -> tuple[Decimal | None, Decimal | None]:
        one = bills.get(name or "")
        if one is None or one.bill is None:
            return None, None
        return one.bill.total.expected, one.bill.total.expected + one.operations.monthly

    running_costs, right_costs = costs(running), costs(right)
    chosen = lock.plan.chosen
    return Drift(
        stack=lock.stack, today=today, running=running, right=right,
        since=_since(choices, right) if right != running else None, weeks=tuple(choices),
        monthly_requests=sum(mean) * WEEKS_PER_MONTH, planned_requests=chosen.monthly_requests if chosen else 0.0,
        running_monthly=running_costs[0], right_monthly=right_costs[0],
        running_total=running_costs[1], right_total=right_costs[1],
        why=_why(now, running), notes=tuple(_notes(weeks, newest, today)),
    )  # fmt: skip


def proposal(drift: Drift) -> str:
    """The text of a pull request that proposes the other architecture. It changes nothing by itself."""
    rows = "\n".join(
        f"| {week.monday} | {week.requests:,.0f} | {week.architecture or 'nothing makes the wait'} | "
        f"{'' if week.monthly is None else format_usd(week.monthly)} | {week.prices_of} |"
        for week in drift.weeks
    )
    grown = drift.monthly_requests / drift.planned_requests if drift.planned_requests else 1.0
    bills = [
        f"- {name}: {'does not make the wait' if bill is None else format_usd(bill) + ' a month'}"
        + ("" if total is None else f", {format_usd(total)} with operations")
        for name, bill, total in (
            (drift.running, drift.running_monthly, drift.running_total),
            (drift.right or "nothing", drift.right_monthly, drift.right_total),
        )
    ]
    why = "\n".join(f"- {sentence}" for sentence in drift.why)
    notes = "".join(f"- {note}\n" for note in drift.notes)
    return (
        f"# {drift.verdict[0].upper()}{drift.verdict[1:]}\n\n"
        f"{drift.monthly_requests:,.0f} requests a month came, {grown:.2f} x of what the lock was planned for.\n\n"
        "At what came and today's prices:\n" + "\n".join(bills) + "\n\n"
        f"## Why {drift.right or drift.running}\n{why}\n\n"
        "## Week by week, as if every week were like it\n"
        "| week of | requests | chosen | USD a month | prices of |\n|---|---|---|---|---|\n"
        + rows
        + "\n\n"
        + (f"## Mind\n{notes}\n" if notes else "")
        + "## To take it\n"
        "1. Put the traffic of now into the profile (`headway traffic cloudwatch`), and look at its other fields.\n"
        f"2. `headway lock --stack {drift.stack}`, and read what changes.\n"
        "3. Follow MIGRATING.md: both can run side by side before the switch.\n\n"
        "This is a proposal: no stack, lock or profile was changed.\n"
    )


def _with(profile: Profile, hourly: tuple[float, ...], scale: float) -> Profile:
    """The profile with the traffic that came; at a share of the traffic, that of the whole; cycles are billed once."""
    scale *= cycle_factors(profile.traffic)[0]
    changed: dict[str, Any] = {"per_hour": None, "per_day": None, "per_month": None, "shape": None, "trace": None,
               "cycles": cycles_of(profile.traffic), "hourly": tuple(rate / scale for rate in hourly)}  # fmt: skip
    measured = profile.traffic.trace
    if isinstance(measured, Trace) and "peak_factor" not in profile.traffic.model_fields_set:
        changed["peak_factor"] = measured.peak_factor
    traffic = profile.traffic.model_copy(update=changed)
    return profile.model_copy(update={"traffic": traffic})


def _since(choices: Sequence[WeekChoice], right: str | None) -> date | None:
    """The first of the last weeks that all say so."""
    since = None
    for week in reversed(choices):
        if week.architecture != right:
            break
        since = week.monday
    return since


def _why(now: Plan, running: str) -> tuple[str, ...]:
    lost = next((one for one in now.candidates if one.architecture == running), None)
    mine = () if lost is None or now.choice is None else (f"{running}: {lost.reason}",)
    if now.choice is None:
        return (f"{now.closest.architecture} comes closest: {now.closest.relax}",) if now.closest else ()
    if now.choice.architecture == running:
        return now.choice.why
    return (*now.choice.why, f"it waits {format_duration(now.choice.wait.at_percentile_s)}", *mine)


def _notes(weeks: Sequence[Week], newest: Dated, today: date) -> list[str]:
    said = []
    if today - newest.day > OLD_PRICES:
        said.append(f"prices of {newest.day}: `headway prices refresh` first")
    if len(weeks) < 2:
        said.append("one week of traffic alone: another may be right after the next")
    said.append("peaks within the hour are the profile's: hours do not show them")
    return said
