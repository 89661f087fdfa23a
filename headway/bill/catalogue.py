"""What ``headway price`` can price: each service with its usage keys, and the meters it charges."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from headway.bill import services
from headway.bill.lines import Bill, Line, Range
from headway.bill.pricing import Pricing
from headway.errors import HeadwayError, nearest
from headway.prices import PriceBook, load_book
from headway.units import parse_bytes, parse_seconds, to_decimal


class Service(NamedTuple):
    """One service as a user names it."""

    name: str
    price: Callable[..., tuple[Line, ...]]
    book_name: str
    """Its name in the price book: where its meters are."""
    about: str
    meters: tuple[str, ...] = ()
    """The meters it charges, where these are not its whole family in the book."""


def _both(*meters: str) -> tuple[str, ...]:
    """Meters of both processor architectures."""
    return tuple(f"{meter}_{arch}" for meter in meters for arch in ("x86", "arm"))


_DATA = ("data_processed_in", "data_processed_out", "data_processed_in_or_out")
_TABLE = (
    Service("ec2", services.ec2, "EC2", "instance hours, on-demand or spot"),
    Service("ec2-reserved", services.ec2_reserved, "EC2", "reserved instances, no upfront payment",
            ("standard_ri_1y", "standard_ri_3y", "convertible_ri_1y", "convertible_ri_3y")),
    Service("ebs", services.ebs, "EBS", "gp3 volumes and snapshots"),
    Service("ipv4", services.public_ipv4, "VPC", "public IPv4 addresses", ("public_ipv4_in_use",)),
    Service("sagemaker-hosting", services.sagemaker_hosting, "SageMakerHosting", "endpoint instances, storage, data",
            ("hosting", "ml_storage_gp2", *_DATA)),
    Service("sagemaker-serverless", services.sagemaker_serverless, "SageMakerServerless", "serverless inference",
            ("inference_duration", "provisioned_concurrency", *_DATA)),
    Service("lambda", services.lambda_, "Lambda", "functions: requests, GB-seconds, storage, provisioned concurrency",
            (*_both("requests", "duration", "provisioned_duration", "provisioned_concurrency"),
             "ephemeral_storage_over_512MB", "event_source_poller")),
    Service("fargate", services.fargate, "Fargate", "container tasks by vCPU and GB, on demand or spot",
            (*_both("vcpu", "memory", "spot_vcpu", "spot_memory"), "ephemeral_storage_over_20GB")),
    Service("ecr", services.ecr, "ECR", "container images kept"),
    Service("dynamodb", services.dynamodb, "DynamoDB", "tables: requests by unit, capacity, storage, streams, recovery",
            ("on_demand_rru", "on_demand_wru", "provisioned_rcu", "provisioned_wcu", "storage_standard",
             "streams_read", "pitr")),
    Service("api-gateway", services.api_gateway, "APIGateway", "HTTP APIs by 512 KB, REST APIs",
            ("http_api", "rest_api")),
    Service("step-functions", services.step_functions, "StepFunctions", "standard and express workflows"),
    Service("sqs", services.sqs, "SQS", "queue requests by 64 KB", ("standard_requests", "fifo_requests")),
    Service("sns", services.sns, "SNS", "topics: publishes by 64 KB, deliveries"),
    Service("s3", services.s3, "S3", "storage and requests"),
    Service("eventbridge", services.eventbridge, "EventBridge", "custom events, API destinations by 64 KB",
            ("custom_events", "api_destinations")),
    Service("pipes", services.pipes, "EventBridge", "EventBridge pipes, by 64 KB", ("pipes_requests",)),
    Service("scheduler", services.scheduler, "EventBridge", "schedule invocations", ("scheduler_invocations",)),
    Service("cloudwatch", services.cloudwatch, "CloudWatch", "metrics, alarms, dashboards, logs"),
    Service("nat", services.nat_gateway, "NATGateway", "NAT gateways: hours and data"),
    Service("interface-endpoint", services.interface_endpoint, "VPC", "VPC interface endpoints: hours by zone, data",
            ("interface_endpoint_hour", "interface_endpoint_data")),
    Service("data-transfer", services.data_transfer, "DataTransfer", "out to the internet, between zones",
            ("internet_out", "inter_az_each_direction")),
)  # fmt: skip
CATALOGUE: dict[str, Service] = {row.name: row for row in _TABLE}
_KEYS = {"duration": "seconds", "memory": "memory_mb", "ephemeral": "ephemeral_mb", "storage_gb": "storage_gb_months"}
"""Short keys for long ones."""
_NOT_USAGE = ("pricing", "description", "assumptions", "resource_types")


class Key(NamedTuple):
    """One usage key of a service."""

    name: str
    kind: str
    """``count``, ``duration``, ``memory``, ``size``, or the words it may be."""
    default: str
    """Empty where the key must be given."""


def keys_of(service: Service) -> tuple[Key, ...]:
    """The usage keys of a service, in the order of its function.

    >>> [key.name for key in keys_of(CATALOGUE["nat"])]
    ['hours', 'gb']
    """
    hints = get_type_hints(service.price)
    found = []
    for name, parameter in inspect.signature(service.price).parameters.items():
        if name in _NOT_USAGE:
            continue
        default = "" if parameter.default is inspect.Parameter.empty else str(parameter.default)
        found.append(Key(name, _kind(name, hints[name]), default))
    return tuple(found)


def meters_of(service: Service, book: PriceBook) -> tuple[str, ...]:
    """The meters of a service's family in the book, and those that are known to be unpriced."""
    if service.name == "ec2":
        return ("on_demand", "spot")
    return service.meters or book.meters(service.book_name)


def price(
    service: str,
    usage: Mapping[str, Any],
    *,
    region: str = "us-east-1",
    rates: Mapping[str, Decimal | str | float] | None = None,
    free_tier: bool = False,
    book: PriceBook | None = None,
) -> Bill:
    """A month's bill of one AWS service.

    Args:
        service: A name in the catalogue, such as ``lambda``.
        usage: Usage by key, as numbers or text (``1s``, ``512MB``).
        region: AWS region.
        rates: US dollars by meter, in place of the book's.
        free_tier: Take the free tier's allowances off first.
        book: The price book; the packaged one unless given.

    Raises:
        HeadwayError: An unknown service, key, meter or region, or a value that does not fit.

    >>> round(price("lambda", {"requests": 3_000_000, "duration": "1s", "memory": "512MB"}).total.expected, 2)
    Decimal('25.60')
    """
    found = CATALOGUE.get(service)
    if found is None:
        raise HeadwayError(f"no service {service!r}{nearest(service, CATALOGUE)}; `headway price --list` shows all")
    prices = book or load_book()
    prices.check_region(region)
    given = {name: _rate(name, value, found, prices) for name, value in (rates or {}).items()}
    pricing = Pricing(prices, region, free_tier, given)
    return Bill(lines=tuple(found.price(pricing, **_usage(found, usage))))


def _usage(service: Service, usage: Mapping[str, Any]) -> dict[str, Any]:
    keys = {key.name: key for key in keys_of(service)}
    found: dict[str, Any] = {}
    for given, value in usage.items():
        name = _KEYS.get(given, given) if given not in keys else given
        if name not in keys:
            short = [key for key, long in _KEYS.items() if long in keys]
            raise HeadwayError(
                f"{service.name} has no usage {given!r}{nearest(given, [*keys, *short])}; keys: {', '.join(keys)}"
            )
        found[name] = _value(service, keys[name], value)
    missing = [key.name for key in keys.values() if not key.default and key.name not in found]
    if missing:
        raise HeadwayError(f"{service.name} needs {' and '.join(missing)}; keys: {', '.join(keys)}")
    return found


MOST_USAGE = 10**15
"""A quadrillion of anything is nobody's month."""


def _value(service: Service, key: Key, value: Any) -> Any:
    found = _read(service, key, value)
    if isinstance(found, int | float | Decimal) and found > MOST_USAGE:
        raise HeadwayError(f"{service.name} {key.name}={value}: at most {MOST_USAGE:.0e} is needed")
    return found


def _read(service: Service, key: Key, value: Any) -> Any:
    if isinstance(value, Range):
        return value
    try:
        if key.kind == "duration":
            return parse_seconds(value)
        if key.kind == "memory":
            return round(float(value)) if _is_number(value) else _memory_mb(str(value))
        if key.kind == "size":
            return parse_bytes(value)
        if key.kind == "yes or no":
            return str(value).lower() in ("1", "true", "yes")
        if key.kind == "text":
            return str(value)
        if key.kind == "count":
            number = Decimal(str(value).replace("_", "").replace(",", ""))
            if not number.is_finite() or number < 0:
                raise ValueError("a number of zero or more is needed")
            return int(number) if number == number.to_integral_value() else to_decimal(number)
    except (ValueError, InvalidOperation) as error:
        what = str(error) if isinstance(error, ValueError) else "a number is needed"
        raise HeadwayError(f"{service.name} {key.name}={value}: {what}") from None
    words = key.kind.split("|")
    if str(value) not in words:
        raise HeadwayError(f"{service.name} {key.name}={value}: use {' or '.join(words)}{nearest(value, words)}")
    return str(value)


def _memory_mb(text: str) -> int:
    """AWS means MiB by MB of memory: 512MB and 512MiB are one, and 4GB is 4096."""
    factors = {"mb": 1, "mib": 1, "gb": 1024, "gib": 1024}
    digits = text.rstrip("aAbBgGiImM ")
    unit = text[len(digits) :].strip().lower()
    if unit not in factors or not _is_number(digits):
        raise ValueError("memory such as 512MB or 4GB is needed")
    return round(float(digits) * factors[unit])


def _rate(meter: str, value: Any, service: Service, book: PriceBook) -> Decimal:
    meters = meters_of(service, book)
    if meter not in meters:
        raise HeadwayError(
            f"{service.name} has no meter {meter!r}{nearest(meter, meters)}; meters: {', '.join(meters)}"
        )
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise HeadwayError(f"--rate {meter}={value}: US dollars as a number are needed") from None
    if not rate.is_finite() or rate < 0:
        raise HeadwayError(f"--rate {meter}={value}: US dollars of zero or more are needed")
    return rate


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _kind(name: str, hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "|".join(get_args(hint))
    if hint is bool:
        return "yes or no"
    if hint is str:
        return "text"
    if name == "seconds":
        return "duration"
    if name in ("memory_mb", "ephemeral_mb"):
        return "memory"
    if name.endswith("_bytes"):
        return "size"
    if get_origin(hint) in (Union, types.UnionType) or hint in (int, float):
        return "count"
    return "text"
