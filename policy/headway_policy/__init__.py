"""Rules for stacks of Headway's: what its bill, its locks and its coverage know, held against every preview.

A rule reads what the engine says of a stack and asks `headway` what is right; nothing is sized, priced or known here.
"""

from __future__ import annotations

from typing import Final

from pulumi_policy import EnforcementLevel, Policy, PolicyPack

from headway_policy.access import PUBLIC_ENTRY, WILDCARD_PERMISSION
from headway_policy.locks import LOCK_OUT_OF_DATE
from headway_policy.money import OVER_BUDGET, UNCOVERED
from headway_policy.safety import MISSING_ALARM_TOPIC, UNPROTECTED_DATA

POLICIES: Final[tuple[Policy, ...]] = (
    OVER_BUDGET,
    UNCOVERED,
    UNPROTECTED_DATA,
    PUBLIC_ENTRY,
    WILDCARD_PERMISSION,
    MISSING_ALARM_TOPIC,
    LOCK_OUT_OF_DATE,
)
"""Every rule. Each has the level that it starts with; a configuration file gives it another."""


def pack() -> PolicyPack:
    """Serve the rules to the engine, until it is done with them."""
    return PolicyPack("headway", list(POLICIES), EnforcementLevel.ADVISORY)


__all__ = ["POLICIES", "pack"]
