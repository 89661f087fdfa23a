"""An upgrade replaces nothing: designs locked with the release before, provisioned by the program of today.

`baseline.json` is what the last release registered. Where a replacement is meant, say so in the CHANGELOG and write it
again: `HEADWAY_BASELINE=write python -m pytest tests/components/test_upgrade.py`.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from headway import load_profile, plan
from headway.architectures.hybrid_design import Design
from headway_components.inference import COMPONENTS
from headway_rehearsal.provider.differences import differences
from headway_rehearsal.resources import TABLE
from tests.components.provisioned import provision

BASELINE = Path("tests/components/baseline.json")
PROFILES = ("loan-documents", "chat-assistant", "contact-form", "video-analysis", "photo-tags", "moderation",
            "shop-recommendations", "transaction-risk")  # fmt: skip
"""One of each architecture."""
REMADE = {
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "AWS changes none: the endpoint takes the next one",
    "aws:sagemaker/model:Model": "the same, with its configuration",
    "aws:batch/jobDefinition:JobDefinition": "each change is a revision, which the next departure takes",
    "aws:s3/bucketObjectv2:BucketObjectv2": "the runtime's zip: another one in each release",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "reads its metric's past anew",
    "aws:cloudwatch/dashboard:Dashboard": "a view",
    "aws:iam/rolePolicy:RolePolicy": "a document of its role, which stays",
}
"""Types that nobody misses while they are made anew, and why. Every other type is held: data, keys, addresses, names that
others know, what moves work (mappings, schedules), capacity, logs."""


def registered(name: str, design: Any) -> dict[str, Any]:
    """What today's program registers for a design: inputs by URN, which holds the types of what a resource lies in."""
    read = TypeAdapter[Any](Design).validate_python(design)
    made = provision(lambda: COMPONENTS[read.architecture](name, {"design": read}) and None)
    return {
        one.urn: json.loads(json.dumps(one.inputs, default=str))
        for one in made.resources
        if one.type.startswith("aws:") and one.type not in REMADE
    }


def type_of(urn: str) -> str:
    """A resource's own type: the last of those in its URN."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def test_the_baseline_is_written_where_that_is_asked_for() -> None:
    if os.environ.get("HEADWAY_BASELINE") != "write":
        pytest.skip("HEADWAY_BASELINE=write writes what this release registers")
    written = {}
    for name in PROFILES:
        design = plan(load_profile(f"stacks/profiles/{name}.yaml")).design
        assert design is not None
        content = design.model_dump(mode="json")
        written[name] = {"design": content, "registered": registered(name, content)}
    BASELINE.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")


def test_the_baseline_holds_keys_and_what_moves_work_and_nothing_that_is_remade() -> None:
    content = json.loads(BASELINE.read_text())
    held = {type_of(urn) for of in content.values() for urn in of["registered"]}
    assert not held & set(REMADE)
    assert {
        "aws:kms/key:Key", "aws:lambda/eventSourceMapping:EventSourceMapping", "aws:scheduler/schedule:Schedule",
        "aws:apigatewayv2/route:Route", "aws:sqs/queuePolicy:QueuePolicy", "aws:appautoscaling/target:Target",
    } <= held  # fmt: skip


@pytest.mark.parametrize("name", PROFILES)
def test_a_lock_of_the_release_before_is_provisioned_without_replacing_anything(name: str) -> None:
    before = json.loads(BASELINE.read_text())[name]
    now = registered(name, before["design"])
    assert set(before["registered"]) - set(now) == set(), "these would be deleted"
    replaced = {
        key: [change.path for change in differences(TABLE[type_of(key)], old, now[key]) if change.replaces]
        for key, old in before["registered"].items()
    }
    assert {key: paths for key, paths in replaced.items() if paths} == {}
