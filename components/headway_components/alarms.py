"""Alarms and the topic they tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import WatchedDesign
from headway.architectures.promise import FEWEST_LATE, burn_alarm
from headway_components.access import deny_plain_http, policy_document
from headway_components.site import Site

RUNBOOK = "RUNBOOK.md"
"""Where every alarm has an entry under its name."""


@dataclass(frozen=True)
class Metric:
    """One CloudWatch metric with the statistic that is watched (``Sum``, ``p99``) over ``period_s``."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Sum"
    period_s: int = 60


def alarm_topic(site: Site, existing: pulumi.Input[str] | None) -> pulumi.Input[str]:
    """The ARN of the topic that alarms tell: the one that was wired in, or an encrypted one of the component's own."""
    if existing is not None:
        return existing
    key_arn = site.kms_key_arn or _topic_key(site).arn
    topic = aws.sns.Topic(site.part("alarms"), kms_master_key_id=key_arn, tags=site.tags, opts=site.child())
    aws.sns.TopicPolicy(
        site.part("alarms-policy"),
        arn=topic.arn,
        policy=policy_document(
            [
                {
                    "Sid": "AlarmsOfThisAccount",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": topic.arn,
                    "Condition": _of_its_alarms(site),
                },
                deny_plain_http("sns:Publish", topic.arn),
            ]
        ),
        opts=site.child(),
    )
    arn: pulumi.Output[str] = topic.arn
    return arn


def _of_its_alarms(site: Site) -> dict[str, Any]:
    """CloudWatch on behalf of an alarm of this account and region (Amazon SNS Developer Guide, confused deputy)."""
    return {
        "StringEquals": {"aws:SourceAccount": site.account},
        "ArnLike": {"aws:SourceArn": site.arn("cloudwatch", "alarm:*")},
    }


@dataclass(frozen=True)
class Rule:
    """When an alarm fires: ``periods`` out of the last ``of`` compare so with the threshold."""

    comparison: str
    threshold: float
    periods: int = 1
    of: int | None = None
    missing: str = "notBreaching"

    @classmethod
    def above(cls, threshold: float, *, periods: int = 1, of: int | None = None) -> Rule:
        """Fires above the threshold; silence is fine."""
        return cls("GreaterThanThreshold", threshold, periods, of)

    @classmethod
    def at_least(cls, threshold: float) -> Rule:
        """Fires at the threshold or above; silence is fine."""
        return cls("GreaterThanOrEqualToThreshold", threshold)

    @classmethod
    def below(cls, threshold: float, *, periods: int) -> Rule:
        """Fires below the threshold, and when nothing is heard at all."""
        return cls("LessThanThreshold", threshold, periods, missing="breaching")


def alarm(
    site: Site,
    what: str,
    topic_arn: pulumi.Input[str],
    metric: Metric | tuple[Metric, ...] | Expression,
    rule: Rule,
    description: str,
    *,
    when_over: bool = True,
) -> aws.cloudwatch.MetricAlarm:
    """An alarm on a metric, the sum of several or an expression; it tells the topic when it starts and when it is over.

    Its description ends in its place in the runbook.
    """
    return aws.cloudwatch.MetricAlarm(
        site.part(what),
        alarm_description=f"{description} {RUNBOOK}#{what}",
        comparison_operator=rule.comparison,
        threshold=rule.threshold,
        evaluation_periods=rule.of or rule.periods,
        datapoints_to_alarm=rule.periods,
        treat_missing_data=rule.missing,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn] if when_over else None,
        tags=site.tags,
        opts=site.child(),
        **(_single(metric) if isinstance(metric, Metric) else _queries(metric)),
    )


@dataclass(frozen=True)
class Expression:
    """Metric math over ``metrics``, which it calls ``m0``, ``m1`` ..."""

    text: str
    metrics: tuple[Metric, ...]
    label: str


def burn_rate_alarms(
    site: Site, who: str, topic_arn: pulumi.Input[str], design: WatchedDesign, wait: Metric, limit: float
) -> None:
    """The promise is spent too fast: too many late requests in a window, by the design's burn rates.

    ``limit`` is the wait that was promised, in the metric's unit. One late request alone is no trend: where few come,
    it would be a large share of them.
    """
    for rate in design.burn_rates:
        in_time = replace(wait, statistic=f"PR(:{limit:.0f})", period_s=rate.window_s)
        count = replace(wait, statistic="SampleCount", period_s=rate.window_s)
        late = Expression(f"IF((100 - m0) / 100 * m1 >= {FEWEST_LATE}, 100 - m0, 0)", (in_time, count), "late, %")
        alarm(
            site,
            burn_alarm(rate.window_s),
            topic_arn,
            late,
            Rule.above(100 * rate.late_share),
            f"{who}: more than {rate.late_share:.1%} of the requests of {rate.window_s // 3600} h came later than "
            f"promised; {design.percentile:g} % of a month's shall not.",
        )


@dataclass(frozen=True)
class Watched:
    """A queue as its alarms know it."""

    name: pulumi.Input[str]
    dead_letters: pulumi.Input[str]
    promise_s: float


def queue_alarms(site: Site, who: str, topic_arn: pulumi.Input[str], queue: Watched) -> None:
    """Who waits too long, and what cannot be served."""
    alarm(
        site,
        "queue-age",
        topic_arn,
        Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue.name}, "Maximum"),
        Rule.above(queue.promise_s, periods=3),
        f"{who}: the oldest request has waited longer than the {queue.promise_s:g} s promised.",
    )
    alarm(
        site,
        "dead-letters",
        topic_arn,
        Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue.dead_letters}, "Maximum"),
        Rule.above(0),
        f"{who}: requests could not be served; they lie in the dead-letter queue with their reasons.",
    )


def _single(metric: Metric) -> dict[str, Any]:
    statistic = "extended_statistic" if metric.statistic.startswith("p") else "statistic"
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": metric.dimensions,
        "period": metric.period_s,
        statistic: metric.statistic,
    }


def _queries(what: tuple[Metric, ...] | Expression) -> dict[str, Any]:
    if not isinstance(what, Expression):
        total = " + ".join(f"m{index}" for index in range(len(what)))
        what = Expression(total, what, " + ".join(metric.name for metric in what))
    queries: list[Any] = [{"id": "watched", "expression": what.text, "label": what.label, "return_data": True}]
    queries += [
        {
            "id": f"m{index}",
            "return_data": False,
            "metric": {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "dimensions": metric.dimensions,
                "period": metric.period_s,
                "stat": metric.statistic,
            },
        }
        for index, metric in enumerate(what.metrics)
    ]
    return {"metric_queries": queries}


def _topic_key(site: Site) -> aws.kms.Key:
    """A key that this account's CloudWatch may use: the AWS-managed key of SNS refuses alarms."""
    return aws.kms.Key(
        site.part("alarms-key"),
        description=f"Alarm messages of {site.name}",
        enable_key_rotation=True,
        deletion_window_in_days=7,
        policy=policy_document(
            [
                {
                    "Sid": "Administration",
                    "Effect": "Allow",
                    "Principal": {"AWS": pulumi.Output.format("arn:{0}:iam::{1}:root", site.partition, site.account)},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Sid": "AlarmsOfThisAccount",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                    "Resource": "*",
                    "Condition": _of_its_alarms(site),
                },
            ]
        ),
        tags=site.tags,
        opts=site.child(),
    )
