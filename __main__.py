"""The Pulumi program: a stack's config, its locked plan, the component that provisions it, its outputs."""

from pathlib import Path

import pulumi
from pulumi.runtime import config

from headway.errors import HeadwayError
from headway.planning.lock import Settings, stack_lock
from headway_components import Inference

ROOT = Path(__file__).parent


def main() -> None:
    """Register what the stack's lock says."""
    # Every key that the stack sets, so that a misspelt one is refused rather than passed over.
    settings = Settings.from_config({**config.get_config_env(), **config.CONFIG.get()})
    lock, notes = stack_lock(pulumi.get_stack(), settings, ROOT)
    for note in notes:
        pulumi.log.warn(note)
    wired = {"plan": lock, "max_monthly": settings.max_monthly, **settings.wiring}
    for name, value in Inference(lock.plan.profile.name, wired).outputs.items():
        pulumi.export(name, value)


try:
    main()
except HeadwayError as error:
    # Something to put right in config, profile or lock: Pulumi tells it as it is, without a traceback.
    raise pulumi.RunError(str(error)) from None
