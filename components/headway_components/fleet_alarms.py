"""Alarms of a fleet: who waits too long, what cannot be served, jobs that fail or hang, a dispatcher that is late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import BatchDesign
from headway_components.alarms import Metric, Rule, Watched, alarm, burn_rate_alarms, queue_alarms
from headway_components.site import Site
from headway_runtime.metrics import FLEET, NAMESPACE, PROMISE_USED
from headway_runtime.settings import LAST_CALL

SILENCE_S = 300
"""Five ticks without a word from the dispatcher are one too many."""


def fleet_alarms(  # noqa: PLR0913 - one keyword a thing that is watched
    site: Site,
    design: BatchDesign,
    topic: pulumi.Input[str],
    *,
    queue: pulumi.Input[str],
    dead_letters: pulumi.Input[str],
    function: pulumi.Input[str],
    fleet: str,
    job_queues: Sequence[pulumi.Input[str]],
    on_demand_queues: Sequence[pulumi.Input[str]],
) -> None:
    """The alarms that the design names. A spot job that cannot start is the dispatcher's business: last call."""
    promise = max(rule.promise_s for rule in design.departures)
    queue_alarms(site, fleet, topic, Watched(queue, dead_letters, promise))
    burn_rate_alarms(site, fleet, topic, design, Metric(NAMESPACE, PROMISE_USED, {FLEET: fleet}), 1)
    alarm(
        site,
        "failed-jobs",
        topic,
        _events(site, "failed", "Batch Job State Change", _failures(job_queues)),
        Rule.above(0),
        f"{fleet}: a worker's job failed after its attempts. AWS Batch shows its status reason.",
    )
    alarm(
        site,
        "stuck-jobs",
        topic,
        _events(site, "stuck", "Batch Job Queue Blocked", {"jobQueue": on_demand_queues}),
        Rule.above(0),
        f"{fleet}: a job cannot start: no capacity, or a setting that no instance can meet.",
    )
    alarm(
        site,
        "missed-departures",
        topic,
        Metric(NAMESPACE, "SecondsBehind", {FLEET: fleet}, "Maximum", SILENCE_S),
        Rule("GreaterThanThreshold", 3 * design.tick_s, missing="breaching"),
        f"{fleet}: a departure left late, or the dispatcher has said nothing for {SILENCE_S // 60} minutes.",
    )
    alarm(
        site, "dispatcher-errors", topic,
        Metric("AWS/Lambda", "Errors", {"FunctionName": function}),
        Rule.above(0, periods=2, of=3),
        f"{fleet}: the dispatcher fails, so that requests wait, or works without its ledger. Its log group says why.",
    )  # fmt: skip


def _failures(job_queues: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
    return {
        "status": ["FAILED"],
        "jobQueue": job_queues,
        "statusReason": [{"anything-but": {"prefix": LAST_CALL}}],
    }


def _events(site: Site, what: str, kind: str, detail: dict[str, Any]) -> Metric:
    """AWS Batch has no metrics of its own: a rule counts the events that it matches, free of charge."""
    pattern = {"source": ["aws.batch"], "detail-type": [kind], "detail": detail}
    rule = aws.cloudwatch.EventRule(
        site.part(f"{what}-events"),
        description=f"Counts '{kind}' events of {site.name}",
        event_pattern=pulumi.Output.json_dumps(pattern),
        tags=site.tags,
        opts=site.child(),
    )
    return Metric("AWS/Events", "TriggeredRules", {"RuleName": rule.name})
