"""A bundled profile as each environment runs it."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from headway import load_profile
from headway.planning.lock import Settings, plan_for
from headway.planning.plan import Plan
from headway.planning.stacks import stack_settings
from headway_components import Inference

PROFILES = tuple(sorted(path.stem for path in Path("stacks/profiles").glob("*.yaml")))
ENVIRONMENTS = ("dev", "staging", "prod")
IN_EVERY_ENVIRONMENT = ("photo-tags", "transaction-risk")
"""Queue, bucket, table, endpoint, API: one of everything that an environment's settings reach."""
EVERYTHING = os.environ.get("HEADWAY_LIFECYCLE") == "all"
"""Every profile in every environment, minutes more."""
CASES = tuple(
    (profile, environment)
    for profile in PROFILES
    for environment in ENVIRONMENTS
    if environment == "dev" or profile in IN_EVERY_ENVIRONMENT or EVERYTHING
)


@cache
def settings_of(environment: str) -> Settings:
    """The environment's, without the caps that are meant for its own profile."""
    return stack_settings(Path(), environment).model_copy(update={"max_monthly": None, "max_instances": None})


@cache
def plan_of(profile: str, environment: str) -> Plan:
    return plan_for(load_profile(Path("stacks/profiles") / f"{profile}.yaml"), settings_of(environment))


def program_of(profile: str, environment: str, **changed: Any) -> Callable[[], None]:
    """Registers the profile's `Inference` as the environment would have it."""

    def program() -> None:
        wiring = {**settings_of(environment).wiring, **changed}
        Inference(profile, {"plan": plan_of(profile, environment), **wiring})

    return program
