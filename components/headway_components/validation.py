"""What answers are checked for, put where the runtime reads it, and the alarms on what it finds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from headway.architectures.answer_watch import ShareWatch, ValidationDesign
from headway.architectures.promise import FEWEST_LATE
from headway_components.access import Statement, allow
from headway_components.alarms import Expression, Metric, Rule, alarm
from headway_components.site import LONGEST_BASE, Site, physical_name
from headway_components.storage import RUNTIME, Bucket
from headway_runtime.metrics import DOUBTFUL, FAILED_PROBES, FLEET, NAMESPACE, SCHEMA_BREAKS

PROBES_PERIOD_S = 300


@dataclass(frozen=True)
class Document:
    """Schema, confidence and probes in S3, beside the runtime."""

    uri: pulumi.Output[str]
    read: Statement
    """Leave to read it, and nothing beside it."""


def validation_document(site: Site, design: ValidationDesign | None, bucket: Bucket) -> Document | None:
    """Put it there, under a key that changes with its content: a running job reads what it was started with.

    In S3 rather than in the environment, which holds 4 KB of a function and has to fit a job definition's 24 KiB.
    """
    if design is None:
        return None
    content = json.dumps(design.document, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    key = f"{RUNTIME}{physical_name(site.name, limit=LONGEST_BASE)}-validation-{digest}.json"
    put = aws.s3.BucketObjectv2(
        site.part("validation"), bucket=bucket.name, key=key, content=content, content_type="application/json",
        tags=site.tags, opts=site.child(),
    )  # fmt: skip
    # By the object's own outputs: whoever is told of it starts only once it is there.
    return Document(
        pulumi.Output.format("s3://{0}/{1}", put.bucket, put.key),
        allow(["s3:GetObject"], pulumi.Output.format("{0}/{1}", bucket.arn, key)),
    )


def answer_alarms(
    site: Site, topic: pulumi.Input[str], design: ValidationDesign | None, fleet: str, dimension: str = FLEET
) -> None:
    """The shares of doubtful and of broken answers, and probes that fail, by the design's thresholds.

    ``fleet`` is whose metrics they are: a fleet's, or a router's by its ``dimension``.
    """
    if design is None:
        return
    whose = {dimension: fleet}

    def watch(what: str, metric: str, watched: ShareWatch, why: str) -> None:
        of = f"the answers of {watched.window_s // 3600} h"
        said = f"{fleet}: more than {watched.most:.1%} of {of} {why}. Results say what, in their doubts."
        alarm(
            site,
            what,
            topic,
            _share(metric, whose, watched.window_s),
            Rule.above(100 * watched.most),
            said,
        )

    watch("doubtful-answers", DOUBTFUL, design.doubtful, "are empty, unsure, or break their schema")
    if design.breaking is not None:
        watch("schema-breaks", SCHEMA_BREAKS, design.breaking, "break their schema")
    if design.probes:
        alarm(
            site, "failed-probes", topic, Metric(NAMESPACE, FAILED_PROBES, whose, "Maximum", PROBES_PERIOD_S),
            Rule.above(0), f"{fleet}: the model does not answer what is known. Its log says which probe, and how.",
        )  # fmt: skip


def _share(name: str, of: Mapping[str, str], window_s: int) -> Expression:
    """Percent of a window's answers; none where it is of fewer than two: one bad answer of three is no trend."""
    average = Metric(NAMESPACE, name, of, "Average", window_s)
    count = Metric(NAMESPACE, name, of, "SampleCount", window_s)
    return Expression(f"IF(m0 * m1 >= {FEWEST_LATE}, 100 * m0, 0)", (average, count), f"{name}, %")
