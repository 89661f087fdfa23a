"""The profile: the only input format. Read from YAML 1.2 or JSON, validated, defaults filled in and remembered.

Knows units and defaults; never plans, never prices.
"""

from headway.profile.answers import Confidence, Probe, Validation
from headway.profile.hybrids import Features, Popularity, Precompute, Tier, When
from headway.profile.loading import ProfileError, load_profile, read_profile
from headway.profile.model import (
    Budget,
    Container,
    Current,
    Latency,
    Measurement,
    Model,
    Payload,
    Profile,
    ReadyBy,
    Team,
    WaitRule,
)
from headway.profile.trace import Trace, load_trace
from headway.profile.traffic import BacklogSpec, Cycles, ScheduledRule, ShapeRule, Traffic

__all__ = [
    "BacklogSpec",
    "Budget",
    "Confidence",
    "Container",
    "Current",
    "Cycles",
    "Features",
    "Latency",
    "Measurement",
    "Model",
    "Payload",
    "Popularity",
    "Precompute",
    "Probe",
    "Profile",
    "ProfileError",
    "ReadyBy",
    "ScheduledRule",
    "ShapeRule",
    "Team",
    "Tier",
    "Trace",
    "Traffic",
    "Validation",
    "WaitRule",
    "When",
    "load_profile",
    "load_trace",
    "read_profile",
]
