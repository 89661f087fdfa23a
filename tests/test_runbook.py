"""RUNBOOK.md against the alarms of every Design, and against the alarms that components really make."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from headway.architectures.design import BatchDesign, FeederDesign
from headway.architectures.promise import WINDOWS
from headway.architectures.router_design import LadderDesign, RouterDesign, RouterQueue, TableDesign
from headway.architectures.value import BurnRate
from headway_components.asynchronous import AsynchronousEndpoint
from headway_components.batch import SpotBatch
from headway_components.features import FeatureStore
from headway_components.microbatch import MicroBatch
from headway_components.precomputed import Precomputed
from headway_components.realtime import RealtimeEndpoint
from headway_components.serverless import ServerlessEndpoint
from tests.components.designs import ASYNCHRONOUS, AUTOSCALED, BATCH, MICROBATCH, SERVERLESS, VALIDATION
from tests.components.provisioned import provision
from tests.permissions.stacks import SCENARIOS

RUNBOOK = Path(__file__).parents[1] / "RUNBOOK.md"
EVERY_WINDOW = tuple(BurnRate(window_s=seconds, late_share=0.1) for seconds, _ in WINDOWS)
FED: BatchDesign = BATCH.model_copy(
    update={
        "feeder": FeederDesign(memory_mb=1024, silence_s=90_000),
        "burn_rates": EVERY_WINDOW,
        "validation": VALIDATION,
    }
)
ROUTER = RouterDesign(
    memory_mb=512,
    timeout_s=29,
    validation=VALIDATION,
    ladder=LadderDesign(
        rungs=("cache", "queue", "default"), reserve_share=0.1, reserve_s=0.5, default={"label": "unknown"},
        watch=BurnRate(window_s=300, late_share=0.1), cache=TableDesign(item_bytes=500, expires_s=3600),
        watchdog=BATCH.watchdog,
        queue=RouterQueue(visibility_timeout_s=174, batch_size=10, max_concurrency=2, oldest_s=3600),
    ),
)  # fmt: skip
FRONTED = SERVERLESS.model_copy(update={"router": ROUTER, "results_kept_days": 30})
STORE = SCENARIOS["features"].design
AHEAD = SCENARIOS["precomputed"].design
DESIGNS = (AUTOSCALED, SERVERLESS, ASYNCHRONOUS, MICROBATCH, FED, ROUTER, STORE, AHEAD)
COMPONENTS: tuple[tuple[Callable[..., pulumi.ComponentResource], Any], ...] = (
    (RealtimeEndpoint, AUTOSCALED),
    (ServerlessEndpoint, SERVERLESS),
    (ServerlessEndpoint, FRONTED),
    (AsynchronousEndpoint, ASYNCHRONOUS),
    (MicroBatch, MICROBATCH),
    (SpotBatch, FED),
    (FeatureStore, STORE),
    (Precomputed, AHEAD),
)


def entries() -> dict[str, str]:
    """The runbook's entries by alarm name; one entry may serve several."""
    found = {}
    for heading, text in re.findall(r"^### (.+)\n((?:(?!##).*\n?)*)", RUNBOOK.read_text(), re.MULTILINE):
        found |= dict.fromkeys(heading.split(", "), text)
    return found


def test_every_alarm_of_every_design_has_an_entry_and_none_is_stale() -> None:
    assert set(entries()) == {name for design in DESIGNS for name in design.alarms}


@pytest.mark.parametrize("name", sorted(entries()))
def test_an_entry_says_what_it_means_where_to_look_first_and_what_to_do(name: str) -> None:
    for part in ("**Means**: ", "**First look**: ", "**Do**: "):
        assert part in entries()[name]


@pytest.mark.parametrize(("component", "design"), COMPONENTS, ids=lambda one: getattr(one, "__name__", ""))
def test_each_alarms_description_points_at_its_entry(
    component: Callable[..., pulumi.ComponentResource], design: Any
) -> None:
    made = provision(lambda: component("loans", {"design": design}) and None)
    known = entries()
    for alarm in made.all("cloudwatch:MetricAlarm"):
        name = alarm.inputs["alarmDescription"].rsplit("RUNBOOK.md#", 1)[1]
        assert alarm.name.endswith(name)
        assert name in known
