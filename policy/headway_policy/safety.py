"""What must not be lost, and who hears when something fails."""

from __future__ import annotations

from typing import Final

from pulumi_policy import EnforcementLevel, PolicyResource, ReportViolation, StackValidationArgs, StackValidationPolicy

from headway_policy.reading import PRODUCTION, config, known, listed, plain, stack_name

DATA: Final = ("aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "aws:sqs/queue:Queue")
"""What holds requests, results or rows."""
TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"
ALARMS: Final = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")


def unprotected_data(args: StackValidationArgs, report: ReportViolation) -> None:
    """In production every queue, bucket and table is protected."""
    stack = stack_name(args.resources)
    if stack not in (args.get_config().get("stacks") or PRODUCTION["default"]):
        return
    for one in args.resources:
        if one.resource_type in DATA and not one.opts.protect:
            report(
                f"{one.name} holds data of {stack} and one wrong change would delete it. Set "
                "headway:protect_data: true (a component's protect_data), or protect=True on a resource of your own.",
                one.urn,
            )


def missing_alarm_topic(args: StackValidationArgs, report: ReportViolation) -> None:
    """Every alarm tells a topic, and somebody listens to each topic that the stack makes."""
    heard = {
        topic.urn for one in args.resources if one.resource_type == SUBSCRIPTION for topic in _topics(one, "topic")
    }
    deaf: dict[str, PolicyResource] = {}
    for one in args.resources:
        if one.resource_type not in ALARMS:
            continue
        told = _topics(one, "alarmActions")
        deaf |= {topic.urn: topic for topic in told if topic.urn not in heard}
        if not told and not listed(plain(known(one.props, "alarmActions"))):
            report(
                f"{one.name} tells nobody when it fires: give it a topic, as headway:alarm_topic_arn does for all of a "
                "component's alarms.",
                one.urn,
            )
    for urn, topic in deaf.items():
        report(
            f"nobody listens to {topic.name}, which this stack's alarms tell: set headway:alarm_topic_arn to a topic "
            "that somebody reads, or subscribe to this one.",
            urn,
        )


def _topics(resource: PolicyResource, name: str) -> list[PolicyResource]:
    """The stack's own topics that a property comes from, known yet or not."""
    return [one for one in resource.property_dependencies.get(name, []) if one.resource_type == TOPIC]


UNPROTECTED_DATA = StackValidationPolicy(
    name="unprotected-data",
    description="Queues, buckets and tables of production are protected from being deleted or replaced.",
    validate=unprotected_data,
    enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=config({"stacks": PRODUCTION}),
)
MISSING_ALARM_TOPIC = StackValidationPolicy(
    name="missing-alarm-topic",
    description="Alarms tell a topic that somebody listens to.",
    validate=missing_alarm_topic,
    enforcement_level=EnforcementLevel.ADVISORY,
)
