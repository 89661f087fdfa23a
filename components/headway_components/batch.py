"""Batch: requests wait in a queue, a dispatcher starts workers at each departure, on spot and behind it on-demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from headway.architectures.design import BatchDesign
from headway.errors import HeadwayError
from headway_components.access import Statement, allow, service_access, write_logs
from headway_components.alarms import alarm_topic
from headway_components.arguments import Priced, checked, monthly_ends
from headway_components.compute import PoolQueues, worker_queues
from headway_components.dashboard import Graph, dashboard, fleet_graphs
from headway_components.feeder import feeder
from headway_components.fleet_alarms import fleet_alarms
from headway_components.hosted_model import container_of
from headway_components.job import METADATA, SERVE, STOP_TIMEOUT_S, JobAccess, Runtime, job_definition
from headway_components.network import worker_network
from headway_components.request_queue import Queue, stack_queue
from headway_components.row_table import RowTable
from headway_components.runtime_function import Bundle, FunctionSize, runtime_function, tick, upload_bundle
from headway_components.site import Site, physical_name
from headway_components.storage import (
    DEPARTURES,
    MANIFESTS,
    REQUESTS,
    RESULTS,
    Bucket,
    objects,
    pull_images,
    read_artifact,
    stack_bucket,
)
from headway_components.validation import Document, answer_alarms, validation_document
from headway_components.watchdog import watchdog
from headway_runtime.settings import VARIABLE, Departures, DispatcherSettings, Pool, WorkerSettings

START_ALLOWANCE_S = 120
"""Of a job's time limit, for its own start-up and for giving back what it holds."""
TRIES = 3
"""Of an item that fails: a model's passing trouble is over by then, and each more costs the others a model's start."""
SPARE_RECEIVES = 2
"""Of a message's receives, for workers that are killed with it: an item's own tries are at least so many fewer."""
LONGEST_FLEET = 40
"""Of the fleet's name, which starts every job's name: pool, departure, purchase and attempt follow within 128."""


class WorkerTold(NamedTuple):
    """What a worker is told that is known only once it is made."""

    queue_url: str
    bucket: str
    dead_letter_url: str
    fleet: str
    table: str = ""
    expires_s: float = 0.0
    validation: str = ""


class SpotBatchArgs(Priced, total=False):
    """Arguments of `SpotBatch`; ``design`` is required."""

    design: BatchDesign | Mapping[str, Any]
    queue_arn: pulumi.Input[str]
    """An existing queue to take requests from; its own redrive policy holds, so name its dead-letter queue too."""
    dead_letter_queue_arn: pulumi.Input[str]
    results_bucket: pulumi.Input[str]
    """An existing bucket for bodies, results and the runtime; its encryption and lifecycle are yours."""
    table: RowTable
    """Where answers go as rows, for a design whose results go to a table."""


class SpotBatch(pulumi.ComponentResource):
    """A queue and the fleet that empties it at each departure, as a `BatchDesign` says.

    Send requests to ``queue_url`` (``headway_runtime.contract.submit``); results appear as ``results/<id>.json`` in
    ``results_bucket``.
    """

    queue_url: pulumi.Output[str]
    results_bucket: pulumi.Output[str]
    dead_letter_queue: pulumi.Output[str]
    dispatcher: pulumi.Output[str]
    manifests: pulumi.Output[str] | None
    """Where a manifest of scheduled work is written to; None where clients send requests."""
    graphs: list[Graph]
    """What a dashboard shows of it."""
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: SpotBatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:SpotBatch", name, checked(name, args, SpotBatchArgs), opts)
        design = BatchDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        container_of(site, design)
        _refuse_what_cannot_be(site, design, args)
        queue = stack_queue(site, design, args)
        bucket = stack_bucket(site, design.results_kept_days, args, prefixes_of(design))
        bundle = upload_bundle(site, bucket.name)
        pools = worker_queues(site, design, worker_network(site, args))
        checked_for = validation_document(site, design.validation, bucket)
        definitions = _job_definitions(site, design, queue, bucket, bundle, args.get("table"), checked_for)
        function = _dispatcher(site, design, queue, bucket, bundle, pools, definitions)
        tick(site, "dispatcher", function, design.tick_s)
        topic = alarm_topic(site, args.get("alarm_topic_arn"))
        if design.feeder is not None:
            feeder(site, design, design.feeder, queue, bucket, bundle, topic)
        job_queues = [arn for pool in pools for arn in (pool.spot.arn, pool.on_demand.arn)]
        fleet_alarms(site, design, topic, queue=queue.name, dead_letters=queue.dead_letters, function=function.name,
                     fleet=_fleet(site), job_queues=job_queues,
                     on_demand_queues=[pool.on_demand.arn for pool in pools])  # fmt: skip
        answer_alarms(site, topic, design.validation, _fleet(site))
        if design.watchdog is not None:
            watchdog(site, design.watchdog, _fleet(site), queue, bucket, bundle, topic,
                     log_retention_days=design.log_retention_days,
                     departures=f"{DEPARTURES}{_fleet(site)}/")  # fmt: skip
        self.graphs = fleet_graphs(design, _fleet(site), queue.name, queue.dead_letters)
        if design.dashboard:
            dashboard(site, {"": self.graphs})
        self.queue_url = pulumi.Output.from_input(queue.url)
        self.results_bucket = pulumi.Output.from_input(bucket.name)
        self.dead_letter_queue = pulumi.Output.from_input(queue.dead_letters)
        self.dispatcher = function.name
        self.manifests = pulumi.Output.format("s3://{0}/{1}", bucket.name, MANIFESTS) if design.feeder else None
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        names = ("queue_url", "results_bucket", "dead_letter_queue", "dispatcher", "manifests", "monthly_bill")
        self.register_outputs({one: getattr(self, one) for one in names})


def dispatcher_settings(
    design: BatchDesign, fleet: str, queue_url: str, pools: Mapping[str, Pool], bucket: str = ""
) -> DispatcherSettings:
    """What the dispatcher is told: the design's calendar, number for number."""
    return DispatcherSettings(
        name=fleet,
        timezone=design.timezone,
        queue_url=queue_url,
        departures=tuple(Departures(**rule.model_dump()) for rule in design.departures),
        pools=pools,
        bucket=bucket,
        tick_s=design.tick_s,
    )  # fmt: skip


def worker_settings(design: BatchDesign, pool_name: str, told: WorkerTold) -> WorkerSettings:
    """What the workers of a pool are told."""
    pool = next(one for one in design.pools if one.name == pool_name)
    container = design.container
    return WorkerSettings(
        name=told.fleet,
        queue_url=told.queue_url,
        results_bucket=told.bucket,
        batch_size=pool.batch_size,
        visibility_timeout_s=design.visibility_timeout_s,
        attempts=max(1, min(TRIES, design.max_receives - SPARE_RECEIVES)),
        load_time_s=pool.load_time_s,
        seconds_per_batch=pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch,
        dead_letter_url=told.dead_letter_url,
        report_every_s=design.report_every_s,
        stop_after_s=max(60.0, design.job_timeout_s - START_ALLOWANCE_S - 2 * pool.seconds_per_batch),
        notice_s=STOP_TIMEOUT_S,
        serve=SERVE if container and container.batch_image else (),
        metadata_url=METADATA,
        artifact=(container.artifact if container else None) or "",
        model=(container.version if container else ""),
        table=told.table,
        expires_s=told.expires_s,
        validation=told.validation,
        probe_s=pool.probe_s,
    )


def _fleet(site: Site) -> str:
    return physical_name(pulumi.get_project(), pulumi.get_stack(), site.name, limit=LONGEST_FLEET)


def _job_definitions(
    site: Site,
    design: BatchDesign,
    queue: Queue,
    bucket: Bucket,
    bundle: Bundle,
    table: RowTable | None,
    checked_for: Document | None,
) -> dict[str, aws.batch.JobDefinition]:
    """A definition a pool; all pools' jobs share one role, as they do the same to the same queue and bucket."""
    log_group = aws.cloudwatch.LogGroup(
        site.part("worker-logs"),
        retention_in_days=design.log_retention_days,
        kms_key_id=site.kms_key_arn,
        tags=site.tags,
        opts=site.child(),
    )
    container = container_of(site, design)
    images = (container.image, container.batch_image)
    access = JobAccess(
        job=service_access(
            site, "worker", "ecs-tasks", _worker_statements(site, design, queue, bucket, bundle, table, checked_for)
        ),
        execution=service_access(
            site, "worker-start", "ecs-tasks", [write_logs(log_group), *pull_images(site, *images)]
        ),
    )  # fmt: skip

    def definition(pool_name: str) -> aws.batch.JobDefinition:
        pool = next(one for one in design.pools if one.name == pool_name)
        expires_s = table.expires_s if table else 0.0
        rows, validation = table.name if table else "", checked_for.uri if checked_for else ""
        known = (queue.url, bucket.name, queue.dead_letters_url, _fleet(site), rows, expires_s, validation)
        settings = pulumi.Output.all(*known).apply(
            lambda told: worker_settings(design, pool_name, WorkerTold(*told)).to_json()
        )
        runtime = Runtime(bundle.uri, {VARIABLE: settings, "AWS_DEFAULT_REGION": site.region})
        return job_definition(site, design, pool, runtime, access, log_group)

    return {pool.name: definition(pool.name) for pool in design.pools}


def _worker_statements(
    site: Site, design: BatchDesign, queue: Queue, bucket: Bucket, bundle: Bundle, table: RowTable | None,
    checked_for: Document | None,
) -> list[Statement]:  # fmt: skip
    """Taking messages, reading bodies and the runtime, writing results once."""
    return [
        allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"], queue.arn),
        allow(["s3:GetObject"], objects(bucket.arn, REQUESTS)),
        # In an image of its own the runtime is there already.
        *(
            []
            if design.container and design.container.batch_image
            else [allow(["s3:GetObject"], pulumi.Output.format("{0}/{1}", bucket.arn, bundle.versions))]
        ),
        *([checked_for.read] if checked_for else []),
        allow(["sqs:SendMessage"], queue.dead_letters_arn),
        allow(["s3:PutObject"], objects(bucket.arn, f"{DEPARTURES}{_fleet(site)}/")),
        # Reading as well as writing: a result that is already there answers "412", and is looked at. Beside a table
        # only errors are written, and the first of an id stands.
        allow(["s3:PutObject"] if table else ["s3:GetObject", "s3:PutObject"], objects(bucket.arn, RESULTS)),
        *([allow(["dynamodb:PutItem"], table.arn)] if table else []),
        *read_artifact(site, design.container.artifact if design.container else None),
    ]


def prefixes_of(design: BatchDesign) -> tuple[str, ...]:
    """What the bucket forgets after a while."""
    kept = (RESULTS, REQUESTS, DEPARTURES)
    return (*kept, MANIFESTS) if design.feeder else kept


def _refuse_what_cannot_be(site: Site, design: BatchDesign, args: Mapping[str, Any]) -> None:
    """A bucket has one configuration of notifications: the feeder's would replace its owner's."""
    if design.feeder is not None and args.get("results_bucket") is not None:
        raise HeadwayError(
            f"{site.name}: scheduled work is fed by manifests in a bucket of its own: leave results_bucket out"
        )
    if (design.results_to == "table") != (args.get("table") is not None):
        raise HeadwayError(f"{site.name}: a design whose results go to a table needs one, and only such a design")


def _dispatcher(
    site: Site,
    design: BatchDesign,
    queue: Queue,
    bucket: Bucket,
    bundle: Bundle,
    pools: list[PoolQueues],
    definitions: Mapping[str, aws.batch.JobDefinition],
) -> aws.lambda_.Function:
    """No reserved concurrency: a young account has none. Ticks at once claim in the bucket what they send."""
    names: list[pulumi.Input[str]] = [queue.url, bucket.name]
    for pool in pools:
        names += [pool.spot.arn, pool.on_demand.arn, definitions[pool.pool.name].name]

    def settings(known: list[str]) -> str:
        told = {
            pool.pool.name: Pool(*known[2 + 3 * index : 5 + 3 * index]) for index, pool in enumerate(pools)
        }  # fmt: skip
        return dispatcher_settings(design, _fleet(site), known[0], told, known[1]).to_json()

    queues = [arn for pool in pools for arn in (pool.spot.arn, pool.on_demand.arn)]
    jobs = [
        site.arn("batch", pulumi.Output.format("job-definition/{0}{1}", one.name, revision))
        for one in definitions.values()
        for revision in ("", ":*")
    ]
    return runtime_function(
        site,
        "dispatcher",
        bundle,
        FunctionSize(
            memory_mb=design.dispatcher_memory_mb, timeout_s=design.dispatcher_timeout_s, concurrency=None,
            log_retention_days=design.log_retention_days,
        ),
        handler="headway_runtime.dispatcher.handler",
        statements=[
            allow(["sqs:GetQueueAttributes"], queue.arn),
            allow(["batch:SubmitJob"], [*queues, *jobs]),
            # Of any job: their ids are random, and a condition on tags would refuse the workers of an array, which last
            # call ends one by one: children carry no tags (AWS Batch API Reference, TagResource).
            allow(["batch:TerminateJob"], site.arn("batch", "job/*")),
            # Listing and describing know no resources.
            allow(["batch:DescribeJobs", "batch:ListJobs"], "*"),
            allow(["s3:GetObject", "s3:PutObject"], objects(bucket.arn, f"{DEPARTURES}{_fleet(site)}/")),
            # Of the whole bucket: with a condition S3 would answer "forbidden" instead of "not there".
            allow(["s3:ListBucket"], bucket.arn),
            allow(["events:PutEvents"], site.arn("events", "event-bus/default"),
                  {"StringEquals": {"events:source": "headway"}}),
        ],
        environment={VARIABLE: pulumi.Output.all(*names).apply(settings)},
    )  # fmt: skip
