"""What is joined to a plan, all of it: the command, the page and the schemas take it from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.advice.break_evens import BreakEven, break_evens
from headway.advice.commitments import Commitment, commitments
from headway.advice.curve import CurvePoint
from headway.advice.finding import Advice
from headway.advice.information import Information, information
from headway.advice.migration import OneOff, one_off
from headway.advice.mistakes import advise
from headway.advice.price_age import PriceAge, price_age
from headway.advice.robustness import Case, robustness
from headway.advice.scales import at_scale
from headway.advice.waterfall import Step, waterfall
from headway.architectures.candidate import Result
from headway.planning.plan import Plan
from headway.prices import PriceBook
from headway.profile import Profile


class Joined(Result):
    """What a plan does not hold and its reader wants beside it; None is what was not asked for."""

    price_age: PriceAge | None = None
    advice: tuple[Advice, ...] | None = None
    waterfall: tuple[Step, ...] | None = None
    one_off: tuple[OneOff, ...] | None = None
    commitments: tuple[Commitment, ...] | None = None
    robustness: tuple[Case, ...] | None = None
    curve: tuple[CurvePoint, ...] | None = None
    break_evens: tuple[BreakEven, ...] | None = None
    information: tuple[Information, ...] | None = None

    def asked(self) -> dict[str, Any]:
        """What was asked for, as it is written in JSON."""
        values = self.model_dump(mode="json")
        return {name: values[name] for name in type(self).model_fields if getattr(self, name) is not None}


def join(
    profile: Profile,
    made: Plan,
    *,
    prices: PriceBook | None = None,
    curve: Callable[[], tuple[CurvePoint, ...]] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Joined:
    """Everything worth knowing beside a plan; with a ``curve`` also what plans the workload many times more (1 to 2 s).

    Args:
        profile: The profile that was planned.
        made: Its plan.
        prices: The price book of the plan.
        curve: Where the cost of other waits comes from; given, it comes with where the choice changes with volume, and
            what measuring is worth.
        say: Called with what is being done.

    >>> from headway import load_profile, plan
    >>> profile = load_profile("stacks/profiles/contact-form.yaml")
    >>> [name for name in join(profile, plan(profile)).asked()]
    ['price_age', 'advice', 'waterfall', 'one_off', 'commitments', 'robustness']
    """
    joined = Joined(
        price_age=price_age(made),
        advice=advise(profile, made, prices=prices),
        waterfall=waterfall(profile, made, prices=prices),
        one_off=one_off(profile, made, prices=prices),
        commitments=commitments(profile, made, prices=prices),
    )
    if curve is None:
        return joined.model_copy(update={"robustness": robustness(profile, made, prices=prices)})
    planned = at_scale(profile, prices)
    say("where the choice changes with volume")
    changes = break_evens(profile, prices=prices, planned=planned)
    say("what measuring is worth")
    more = {
        "break_evens": changes,
        "robustness": robustness(profile, made, prices=prices, planned=planned),
        "information": information(profile, made, prices=prices, planned=planned),
    }
    say("what other waits would cost")
    return joined.model_copy(update={**more, "curve": curve()})
