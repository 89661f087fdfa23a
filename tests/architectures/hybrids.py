"""Plans of hybrids, as the planner makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headway.architectures.candidate import Candidate
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.profile import Profile, load_profile

PROFILES = Path("stacks/profiles")


def bundled(name: str, **changes: Any) -> Profile:
    """A bundled profile with top-level parts changed: ``traffic={"peak_factor": 3}`` replaces one field of a part."""
    content = load_profile(PROFILES / f"{name}.yaml").model_dump(mode="json", exclude_unset=True, by_alias=True)
    for part, fields in changes.items():
        content[part] = {**content[part], **fields} if isinstance(fields, dict) else fields
    return Profile.model_validate(content)


def candidate(made: Plan, architecture: str) -> Candidate:
    """The candidate of an architecture."""
    return next(one for one in made.candidates if one.architecture == architecture)


def planned(profile: Profile, architecture: str, **options: Any) -> Candidate:
    """An architecture's candidate, planned alone."""
    return candidate(plan(profile, only=architecture, **options), architecture)
