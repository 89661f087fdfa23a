"""The Pulumi program: a stack's config, its locked plan, the component that provisions it, its outputs."""

from pathlib import Path

import pulumi

from headway.planning.lock import Settings, stack_plan
from headway_components import Inference

ROOT = Path(__file__).parent
config = pulumi.Config("headway")
settings = Settings.from_config({name: config.get(name) for name in Settings.model_fields})
plan, notes = stack_plan(pulumi.get_stack(), settings, ROOT)
for note in notes:
    pulumi.log.warn(note)

inference = Inference(plan.profile.name, {"plan": plan})
for name, value in inference.outputs.items():
    pulumi.export(name, value)
