"""The watchdog of a queue: a function that counts, and the alarm on what it cannot account for."""

from __future__ import annotations

from typing import NamedTuple

import pulumi

from headway.architectures.account_watch import WatchdogDesign
from headway_components.access import Statement, allow
from headway_components.alarms import Metric, Rule, alarm
from headway_components.request_queue import Queue
from headway_components.runtime_function import Bundle, FunctionSize, runtime_function, tick
from headway_components.site import Site
from headway_components.storage import Bucket
from headway_components.validation import Document
from headway_runtime.ledger import RECALLED
from headway_runtime.metrics import FLEET, NAMESPACE
from headway_runtime.settings import VARIABLE, WatchdogSettings

LEDGER = "ledger/"
"""Prefix of its notes in the bucket; each fleet's are a file of its own, as a bucket may serve several."""
UNACCOUNTED = "Unaccounted"


class Probing(NamedTuple):
    """An endpoint that the watchdog asks what is known, where there are no departures to do so."""

    endpoint_name: pulumi.Output[str]
    document: Document


def watchdog(  # noqa: PLR0913 - one argument a thing that it looks at
    site: Site, design: WatchdogDesign, fleet: str, queue: Queue, bucket: Bucket, bundle: Bundle,
    topic: pulumi.Input[str], *, log_retention_days: int, probing: Probing | None = None,
    departures: str = "",
) -> None:  # fmt: skip
    """The function, its ticks and its alarm, which fires too when nothing is heard of it.

    ``departures`` is the prefix of a fleet's ledger, which tells why workers went on-demand.
    """
    ledger = f"{LEDGER}{fleet}.json"

    def settings(known: list[str]) -> str:
        queue_url, dead_letter_url, bucket_name, endpoint_name, validation = known
        return WatchdogSettings(
            fleet, queue_url, dead_letter_url, bucket_name, ledger, endpoint_name, validation, departures
        ).to_json()

    probed: tuple[pulumi.Input[str], ...] = ("", "")
    asking: list[Statement] = []
    if probing is not None:
        probed = (probing.endpoint_name, probing.document.uri)
        endpoint_arn = site.arn("sagemaker", pulumi.Output.format("endpoint/{0}", probing.endpoint_name))
        asking = [allow(["sagemaker:InvokeEndpoint"], endpoint_arn), probing.document.read]
    if departures:
        recalled = pulumi.Output.format("{0}/{1}", bucket.arn, departures + RECALLED)
        asking.append(allow(["s3:GetObject"], recalled))

    function = runtime_function(
        site,
        "watchdog",
        bundle,
        FunctionSize(design.memory_mb, design.timeout_s, None, log_retention_days),
        handler="headway_runtime.watchdog.handler",
        statements=[
            allow(["sqs:GetQueueAttributes"], [queue.arn, queue.dead_letters_arn]),
            allow(["s3:GetObject", "s3:PutObject"], pulumi.Output.format("{0}/{1}", bucket.arn, ledger)),
            # Reading metrics knows no resources.
            allow(["cloudwatch:GetMetricData"], "*"),
            *asking,
        ],
        environment={
            VARIABLE: pulumi.Output.all(queue.url, queue.dead_letters_url, bucket.name, *probed).apply(settings)
        },
    )
    tick(site, "watchdog", function, design.every_s)
    alarm(
        site,
        "unaccounted",
        topic,
        Metric(NAMESPACE, UNACCOUNTED, {FLEET: fleet}, "Maximum", design.every_s),
        Rule("GreaterThanThreshold", design.most_unaccounted, 2, missing="breaching"),
        f"{fleet}: of more than {design.most_unaccounted} requests of a day nobody can say whether they are finished, "
        "waiting or dead; or the watchdog has said nothing for two hours.",
    )
