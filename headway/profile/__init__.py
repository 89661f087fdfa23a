"""The profile: the only input format. Read from YAML 1.2 or JSON, validated, defaults filled in and remembered.

Knows units and defaults; never plans, never prices.
"""

from headway.profile.loading import ProfileError, load_profile
from headway.profile.model import (
    BacklogSpec,
    Budget,
    Container,
    Current,
    Cycles,
    Features,
    Latency,
    Measurement,
    Model,
    Payload,
    Precompute,
    Profile,
    ReadyBy,
    ShapeRule,
    Team,
    Tier,
    Traffic,
    WaitRule,
)

__all__ = [
    "BacklogSpec",
    "Budget",
    "Container",
    "Current",
    "Cycles",
    "Features",
    "Latency",
    "Measurement",
    "Model",
    "Payload",
    "Precompute",
    "Profile",
    "ProfileError",
    "ReadyBy",
    "ShapeRule",
    "Team",
    "Tier",
    "Traffic",
    "WaitRule",
    "load_profile",
]
