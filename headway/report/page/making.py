"""Which plan a page shows: that of a profile, or what a stack runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from headway.advice import cost_of_waiting, join
from headway.architectures.registry import remembering
from headway.assumptions import assuming
from headway.diff import Source, StackSide, read_side
from headway.errors import HeadwayError
from headway.planning.consequences import kept_sentence
from headway.planning.lock import joint_bill, plan_for
from headway.planning.search import plan
from headway.planning.stacks import project_root, stack_settings
from headway.prices import PriceBook
from headway.profile import load_profile
from headway.report.page.content import content
from headway.report.page.engine import engine
from headway.report.page.writing import page_html
from headway.units import format_usd


class Page(NamedTuple):
    """A page, and the name it goes by."""

    name: str
    html: str


def profile_page(path: Path, *, prices: PriceBook | None = None, say: Callable[[str], None] = lambda _: None) -> Page:
    """The page of a profile's plan.

    Raises:
        HeadwayError: The profile is invalid.
    """
    profile = load_profile(path)
    with engine() as beside, remembering():
        points = beside.submit(partial(cost_of_waiting, profile, prices=prices))
        say("planning")
        made = plan(profile, prices=prices)
        joined = join(profile, made, prices=prices, curve=points, say=say)
        say("drawing")
        return Page(profile.name, page_html(content(profile, made, joined, book=prices), beside))


def stack_page(stack: str, *, start: Path | None = None, say: Callable[[str], None] = lambda _: None) -> Page:
    """The page of what a stack runs: its lock, or the plan as it would be locked.

    Raises:
        HeadwayError: There is no such stack, or its settings or profile are invalid.
    """
    root = project_root(start)
    settings = stack_settings(root, stack)
    with engine() as beside:
        say("planning")
        side = read_side(Source(stack, folder=root), [stack])[stack]
        if side.plan is None or side.profile is None:
            raise HeadwayError(side.problem or f"stack {stack} has no plan")
        observed = side.calibration
        planner = partial(plan_for, settings=settings, calibration=observed)
        points = beside.submit(partial(cost_of_waiting, side.profile, planner=planner))
        with assuming(observed.assumptions if observed else ()):
            joined = join(side.profile, side.plan, curve=points, say=say)
        say("drawing")
        notes = [*_notes(stack, side.locked, side.stale), *besides(side)]
        shown = content(side.profile, side.plan, joined, stack=stack, notes=notes)
        return Page(f"{side.profile.name}-{stack}", page_html(shown, beside))


def besides(side: StackSide) -> list[str]:
    """What the stack runs and holds that the page does not show."""
    said = [f"{kept_sentence(one).capitalize()}." for one in side.standing.kept]
    if side.alongside is None or side.alongside.choice is None:
        return said
    bill = joint_bill(side.plan, side.alongside)
    both = f"; {format_usd(bill.total.expected)} a month with it" if bill is not None else ""
    return [f"{side.alongside.choice.architecture} runs beside it and is not on this page{both}.", *said]


def _notes(stack: str, locked: bool, stale: tuple[str, ...]) -> list[str]:
    """What differs from the lock, where there is one."""
    if locked:
        return [f"What stack {stack} runs: its locked plan."]
    why = f": {'; '.join(stale)}" if stale else ""
    return [f"Not locked yet{why}. This is the plan as `headway lock --stack {stack}` would lock it."]
