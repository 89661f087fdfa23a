"""From how long people can wait to the cheapest AWS architecture for ML inference, and its monthly bill.

The names a user needs; each loads its part when first used, so that importing Headway is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.advice import advise
    from headway.bill import price
    from headway.errors import HeadwayError
    from headway.planning import Plan, plan
    from headway.profile import Profile, load_profile
    from headway.simulation import replay

__all__ = ["HeadwayError", "Plan", "Profile", "advise", "load_profile", "plan", "price", "replay"]
__version__ = "0.1.0"

_HOMES = {
    "HeadwayError": "headway.errors",
    "Plan": "headway.planning",
    "Profile": "headway.profile",
    "advise": "headway.advice",
    "load_profile": "headway.profile",
    "plan": "headway.planning",
    "price": "headway.bill",
    "replay": "headway.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
