"""What SageMaker Inference Recommender measured: its job's results as rows of ``model.measured``."""

from __future__ import annotations

from typing import Any

from headway.account.connection import Account
from headway.account.errors import AccountError
from headway.errors import HeadwayError
from headway.observed.levels import Row


def recommended_rows(account: Account, job: str) -> tuple[Row, ...]:
    """A row for each hardware that a job tried, the quickest where it tried one several times.

    A recommendation tells the latency at the most invocations a minute: by Little's law an instance then serves
    ``invocations / 60 x latency`` calls at once.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: There is no such job, it has not ended, or recommends nothing.
    """
    try:
        told = account.ask("sagemaker", "describe_inference_recommendations_job", JobName=job)
    except AccountError as error:
        if error.kind == "absent":
            raise HeadwayError(f"no Inference Recommender job {job!r}: {error}") from None
        raise
    if told["Status"] != "COMPLETED":
        why = f": {told['FailureReason']}" if told.get("FailureReason") else ""
        raise HeadwayError(f"Inference Recommender job {job} is {told['Status']}, not COMPLETED{why}")
    found: dict[str, Row] = {}
    for recommendation in told.get("InferenceRecommendations", ()):
        row = _row(recommendation)
        if row is not None and (row.hardware not in found or row.seconds < found[row.hardware].seconds):
            found[row.hardware] = row
    if not found:
        raise HeadwayError(f"Inference Recommender job {job} recommends nothing with a latency")
    return tuple(found.values())


def _row(recommendation: dict[str, Any]) -> Row | None:
    metrics, ran = recommendation.get("Metrics", {}), recommendation["EndpointConfiguration"]
    milliseconds = metrics.get("ModelLatency", 0)
    if milliseconds <= 0:
        return None
    seconds, per_minute = milliseconds / 1000, metrics.get("MaxInvocations", 0)
    serverless = ran.get("ServerlessConfig")
    if serverless:
        # Each call has an environment of its own: more at once are more environments.
        return Row(
            hardware=f"serverless-{serverless['MemorySizeInMB'] // 1024}GB", batch=1, seconds=seconds, calls=per_minute
        )
    instances = max(1, ran.get("InitialInstanceCount", 1))
    most = max(1, round(per_minute / 60 * seconds / instances)) if per_minute > 0 else None
    hardware = ran["InstanceType"].removeprefix("ml.")
    return Row(hardware=hardware, batch=1, seconds=seconds, concurrency=most, calls=max(0, per_minute))
