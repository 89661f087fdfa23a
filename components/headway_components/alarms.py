"""Alarms and the topic they tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from headway_components.access import deny_plain_http, policy_document
from headway_components.site import Site


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
                    "Condition": {"StringEquals": {"aws:SourceAccount": site.account}},
                },
                deny_plain_http("sns:Publish", topic.arn),
            ]
        ),
        opts=site.child(),
    )
    arn: pulumi.Output[str] = topic.arn
    return arn


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
    metric: Metric | tuple[Metric, ...],
    rule: Rule,
    description: str,
    *,
    when_over: bool = True,
) -> aws.cloudwatch.MetricAlarm:
    """An alarm on a metric, or on the sum of several, that tells the topic when it starts and when it is over."""
    return aws.cloudwatch.MetricAlarm(
        site.part(what),
        alarm_description=description,
        comparison_operator=rule.comparison,
        threshold=rule.threshold,
        evaluation_periods=rule.of or rule.periods,
        datapoints_to_alarm=rule.periods,
        treat_missing_data=rule.missing,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn] if when_over else None,
        tags=site.tags,
        opts=site.child(),
        **(_single(metric) if isinstance(metric, Metric) else _sum(metric)),
    )


@dataclass(frozen=True)
class Watched:
    """A queue as its alarms know it."""

    name: pulumi.Input[str]
    dead_letters: pulumi.Input[str]
    promise_s: float
    max_receives: int


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
        f"{who}: requests failed {queue.max_receives} times; they lie in the dead-letter queue.",
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


def _sum(metrics: tuple[Metric, ...]) -> dict[str, Any]:
    queries: list[Any] = [
        {
            "id": "total",
            "expression": " + ".join(f"m{index}" for index in range(len(metrics))),
            "label": " + ".join(metric.name for metric in metrics),
            "return_data": True,
        }
    ]
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
        for index, metric in enumerate(metrics)
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
                    "Condition": {"StringEquals": {"aws:SourceAccount": site.account}},
                },
            ]
        ),
        tags=site.tags,
        opts=site.child(),
    )
