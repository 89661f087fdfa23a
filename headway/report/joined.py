"""What the command joins to a plan, in the order in which a reader asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from headway.report.advice import print_advice, print_waterfall
from headway.report.curve import print_curve
from headway.report.one_off import print_commitments, print_one_off
from headway.report.robustness import print_information, print_robustness


def print_joined(out: Console, joined: Mapping[str, Sequence[Any]]) -> None:
    """The waterfall, the advice, how sure it is, what is paid once; with a curve, that and what measuring is worth."""
    print_waterfall(out, joined.get("waterfall", ()))
    print_advice(out, joined.get("advice", ()))
    print_robustness(out, joined.get("robustness", ()))
    print_one_off(out, joined.get("one_off", ()))
    print_commitments(out, joined.get("commitments", ()))
    if "curve" in joined:
        print_curve(out, joined["curve"], joined.get("break_evens", ()))
        print_information(out, joined.get("information", ()))
