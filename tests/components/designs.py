"""Example designs, made by hand: numbers that are easy to recognise where they turn up."""

from __future__ import annotations

from headway.architectures.account_watch import WatchdogDesign
from headway.architectures.answer_watch import ShareWatch, ValidationDesign
from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    BurnRate,
    DepartureRule,
    MicroBatchDesign,
    RealtimeDesign,
    RequestShape,
    ServerlessDesign,
    WorkerPool,
)
from headway.profile import Container

SHAPE = RequestShape(mean_bytes=200_000, max_bytes=5_000_000, response_bytes=4_000, inline_bytes=48_000)
CONTAINER = Container(
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/classifier:1", artifact="s3://models/classifier.tar.gz"
)
BASE = {
    "region": "us-east-1",
    "timezone": "America/New_York",
    "container": CONTAINER,
    "requests": SHAPE,
    "percentile": 99.0,
    "log_retention_days": 30,
}

BURN_RATES = (BurnRate(window_s=3600, late_share=0.144), BurnRate(window_s=21_600, late_share=0.06))
WATCHDOG = WatchdogDesign(memory_mb=192, every_s=3600, most_unaccounted=7)

OFFICE_HOURS = tuple(5 if day < 5 and 8 <= hour < 18 else 2 for day in range(7) for hour in range(24))

AUTOSCALED = RealtimeDesign(
    **BASE,
    max_wait_s=1.5,
    burn_rates=BURN_RATES,
    instance_type="ml.g5.xlarge",
    floors=OFFICE_HOURS,
    max_instances=9,
    autoscaled=True,
    invocations_per_instance=42.5,
    scale_in_cooldown_s=310,
    scale_out_cooldown_s=70,
    storage_gb=0,
    load_time_s=400,
    dashboard=True,
)
FLAT = AUTOSCALED.model_copy(
    update={
        "instance_type": "ml.m5.large",
        "floors": (3,) * 168,
        "max_instances": 3,
        "autoscaled": False,
        "storage_gb": 30,
        "invocations_per_instance": None,
        "load_time_s": 20,
        "burn_rates": (),
        "dashboard": False,
    }
)
SERVERLESS = ServerlessDesign(
    **BASE, max_wait_s=5, burn_rates=BURN_RATES[1:], memory_mb=4096, max_concurrency=7, load_time_s=9, dashboard=True,
)  # fmt: skip
ASYNCHRONOUS = AsynchronousDesign(
    **BASE, max_wait_s=4500, burn_rates=BURN_RATES, instance_type="ml.g5.xlarge", min_instances=0, max_instances=3, concurrency=2,
    storage_gb=0, load_time_s=120, expires_s=9000, results_kept_days=45, dashboard=True,
)  # fmt: skip

GPU_POOL = WorkerPool(
    name="g5-xlarge-b8",
    instance_type="g5.xlarge",
    vcpu=4,
    memory_mib=15_000,
    gpus=1,
    batch_size=8,
    seconds_per_item=0.63,
    seconds_per_batch=1.37,
    load_time_s=90,
    max_workers=6,
)
CPU_POOL = GPU_POOL.model_copy(
    update={"name": "c6i-xlarge-b1", "instance_type": "c6i.xlarge", "memory_mib": 7_000, "gpus": 0, "max_workers": 2}
)
BATCH = BatchDesign(
    **BASE,
    max_wait_s=1800,
    burn_rates=BURN_RATES,
    pools=(GPU_POOL, CPU_POOL),
    departures=(
        DepartureRule(
            days=(0, 1, 2, 3, 4), from_minute=495, to_minute=1081, every_minutes=15, pool="g5-xlarge-b8", quota=60,
            max_workers=6, last_call_s=1100, promise_s=1800,
        ),
        DepartureRule(
            days=(5, 6), from_minute=60, to_minute=1440, every_minutes=60, pool="c6i-xlarge-b1", quota=90,
            max_workers=2, last_call_s=0, promise_s=5400,
        ),
    ),
    visibility_timeout_s=130,
    max_receives=4,
    queue_retention_s=345_600,
    job_timeout_s=1500,
    runnable_limit_s=900,
    dispatcher_memory_mb=320,
    dispatcher_timeout_s=50,
    root_volume_gb=66,
    results_kept_days=45,
    watchdog=WATCHDOG,
    dashboard=True,
)  # fmt: skip
VALIDATION = ValidationDesign(
    document={
        "schema": {"type": "object", "required": ["label"]},
        "confidence": {"field": "scores", "least": 0.6},
        "probes": [{"body": {"text": "Total due"}, "expect": {"label": "invoice"}, "tolerance": 0.02}],
    },
    doubtful=ShareWatch(window_s=3600, most=0.07),
    breaking=ShareWatch(window_s=21_600, most=0.02),
)
MICROBATCH = MicroBatchDesign(
    **BASE, max_wait_s=45, burn_rates=BURN_RATES, batch_size=24, window_s=7, max_concurrency=9, endpoint=FLAT, seconds_per_batch=1.7,
    function_memory_mb=640, function_timeout_s=80, visibility_timeout_s=487, max_receives=4, queue_retention_s=345_600,
    results_kept_days=45, watchdog=WATCHDOG, dashboard=True,
)  # fmt: skip
CHECKED_BATCHES = MICROBATCH.model_copy(
    update={"validation": VALIDATION, "watchdog": WATCHDOG.model_copy(update={"probe_s": 1.5, "timeout_s": 180})}
)
