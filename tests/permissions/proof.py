"""What statements are worth: a work is done under them, fails without any one, and can spare nothing of one."""

from __future__ import annotations

from collections.abc import Sequence

from botocore.exceptions import ClientError

from headway.account.errors import AccountError
from headway_runtime.dispatcher import LedgerError
from tests.permissions.evaluator import Judge, Statement, judged, listed, narrowed
from tests.permissions.services import Work


def prove(judge: Judge, statements: Sequence[Statement], work: Work, whose: str, *, removing: bool = True) -> None:
    """Do the work under the statements, then without each (where ``removing``), and see what of them it can spare."""
    with judged(judge, statements) as sitting:
        work()
    assert (sitting.refused, sitting.unknown) == ([], set()), whose
    asked = list(sitting.asked)
    assert asked, f"{whose} asks nothing"
    for index in range(len(statements) if removing else 0):
        with judged(judge, [*statements[:index], *statements[index + 1 :]]):
            assert fails(work), f"{whose} does its work without {listed(statements[index]['Action'])}"
    # Up to its first refusal a run is the same: what it asked tells whether it would be refused.
    spared = [how for how, less in narrowed(statements, asked)
              if all(Judge(statements=less, boundary=judge.boundary).allows(need) for need in asked)]  # fmt: skip
    assert spared == [], whose


def fails(work: Work) -> bool:
    """Whether it is seen to fail: refused, or something of it is missing."""
    try:
        work()
    except (ClientError, AccountError, LedgerError, AssertionError):
        return True
    return False
