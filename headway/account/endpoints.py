"""A SageMaker endpoint as it stands: its variants, what they run on, how they scale."""

from __future__ import annotations

from typing import Any, NamedTuple

from headway.account.connection import Account
from headway.account.errors import AccountError
from headway.errors import HeadwayError


class Variant(NamedTuple):
    """One production variant."""

    name: str
    instance_type: str | None
    """``ml.g5.xlarge``; None for a serverless one."""
    instances: int | None
    """Now."""
    least: int | None = None
    most: int | None = None
    """Between which it is scaled; both None where it is not."""
    serverless_mb: int | None = None
    storage_gb: int = 0


class Endpoint(NamedTuple):
    """An endpoint."""

    name: str
    status: str
    asynchronous: bool
    variants: tuple[Variant, ...]


def read_endpoint(account: Account, name: str, *, scaling: bool = False) -> Endpoint:
    """What an endpoint is made of.

    Args:
        account: Whose command may describe endpoints and their configurations.
        name: The endpoint.
        scaling: Also between how many instances each variant is scaled.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: There is no such endpoint.
    """
    try:
        told = account.ask("sagemaker", "describe_endpoint", EndpointName=name)
        configured = account.ask("sagemaker", "describe_endpoint_config", EndpointConfigName=told["EndpointConfigName"])
    except AccountError as error:
        if error.kind == "absent":
            raise HeadwayError(f"no endpoint {name!r} in {account.region or 'this region'}: {error}") from None
        raise
    rows = {row["VariantName"]: row for row in configured["ProductionVariants"]}
    limits = _limits(account, name, list(rows)) if scaling else {}
    now = {row["VariantName"]: row for row in told.get("ProductionVariants", ())}
    return Endpoint(
        name, told["EndpointStatus"], "AsyncInferenceConfig" in configured,
        tuple(_variant(row, now.get(key, {}), limits.get(key, (None, None))) for key, row in rows.items()),
    )  # fmt: skip


def _variant(row: dict[str, Any], now: dict[str, Any], limits: tuple[int | None, int | None]) -> Variant:
    serverless = now.get("CurrentServerlessConfig") or row.get("ServerlessConfig")
    pool: dict[str, Any] = next(iter(row.get("InstancePools", ())), {})
    return Variant(
        name=row["VariantName"],
        instance_type=row.get("InstanceType") or pool.get("InstanceType"),
        instances=now.get("CurrentInstanceCount", row.get("InitialInstanceCount")),
        least=limits[0],
        most=limits[1],
        serverless_mb=serverless["MemorySizeInMB"] if serverless else None,
        storage_gb=row.get("VolumeSizeInGB", 0),
    )


def _limits(account: Account, name: str, variants: list[str]) -> dict[str, tuple[int | None, int | None]]:
    """Least and most instances of the variants that Application Auto Scaling scales."""
    ids = {f"endpoint/{name}/variant/{variant}": variant for variant in variants}
    found: dict[str, tuple[int | None, int | None]] = {}
    for page in account.pages(
        "application-autoscaling", "describe_scalable_targets", ServiceNamespace="sagemaker", ResourceIds=list(ids),
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    ):  # fmt: skip
        for row in page["ScalableTargets"]:
            found[ids[row["ResourceId"]]] = (row["MinCapacity"], row["MaxCapacity"])
    return found
