"""The feeder of scheduled work: a manifest written to the bucket becomes requests in the queue."""

from __future__ import annotations

from math import ceil

import pulumi
import pulumi_aws as aws

from headway.architectures.design import BatchDesign, FeederDesign
from headway_components.access import allow
from headway_components.alarms import Metric, Rule, alarm
from headway_components.request_queue import Queue
from headway_components.runtime_function import Bundle, FunctionSize, runtime_function
from headway_components.site import Site
from headway_components.storage import MANIFESTS, REQUESTS, Bucket, objects
from headway_runtime.settings import VARIABLE, FeederSettings

HOUR_S = 3600


def feeder(
    site: Site, design: BatchDesign, size: FeederDesign, queue: Queue, bucket: Bucket, bundle: Bundle,
    topic: pulumi.Input[str],
) -> None:  # fmt: skip
    """The function, what calls it, and the alarms: it fails, or no manifest has come for too long."""
    function = runtime_function(
        site,
        "feeder",
        bundle,
        FunctionSize(size.memory_mb, size.timeout_s, None, design.log_retention_days),
        handler="headway_runtime.feeder.handler",
        statements=[
            allow(["s3:GetObject"], objects(bucket.arn, MANIFESTS)),
            allow(["s3:PutObject"], objects(bucket.arn, REQUESTS)),
            allow(["sqs:SendMessage"], queue.arn),
        ],
        environment={
            VARIABLE: pulumi.Output.from_input(queue.url).apply(lambda url: FeederSettings(queue_url=url).to_json())
        },
    )
    permission = aws.lambda_.Permission(
        site.part("feeder-call"),
        action="lambda:InvokeFunction",
        function=function.name,
        principal="s3.amazonaws.com",
        source_arn=bucket.arn,
        source_account=site.account,
        opts=site.child(),
    )
    aws.s3.BucketNotification(
        site.part("manifests"),
        bucket=bucket.name,
        lambda_functions=[
            {"lambda_function_arn": function.arn, "events": ["s3:ObjectCreated:*"], "filter_prefix": MANIFESTS}
        ],
        opts=site.child(depends_on=[permission]),
    )
    alarm(
        site,
        "feeder-errors",
        topic,
        Metric("AWS/Lambda", "Errors", {"FunctionName": function.name}),
        Rule.above(0),
        f"{site.name}: a manifest could not be fed to the queue. The feeder's log group says why.",
    )
    if size.silence_s is not None:
        hours = ceil(size.silence_s / HOUR_S)
        alarm(
            site,
            "missed-manifests",
            topic,
            Metric("AWS/Lambda", "Invocations", {"FunctionName": function.name}, "Sum", HOUR_S),
            Rule.below(1, periods=hours),
            f"{site.name}: no manifest has come for {hours} hours, so what was computed grows stale.",
        )
