"""Where a load test goes to: a container's address, or an endpoint; what it runs on and what that costs."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from headway.account.connection import Account
from headway.account.endpoints import Variant, read_endpoint
from headway.account.errors import AccountError
from headway.account.measuring.budget import Rate
from headway.account.measuring.load import CallError, Send
from headway.account.measuring.payloads import Payload
from headway.errors import HeadwayError
from headway.prices import PriceBook, PriceError
from headway.units import format_usd, to_decimal

TIMEOUT_S = 60.0
"""Of one call: as long as a SageMaker endpoint may take (SageMaker API Reference, InvokeEndpoint)."""
_NOT_THE_CALL = frozenset({"credentials", "expired", "clock", "denied", "unreachable", "region", "absent"})
"""What ends a load test: no later call would do better."""


class Target(NamedTuple):
    """What is measured."""

    name: str
    hardware: str
    instances: int
    senders: Callable[[], Send]
    warning: str = ""


def container(url: str, hardware: str) -> Target:
    """A container by its address, once it answers ``GET /ping``.

    Raises:
        HeadwayError: The address is none, or nothing answers there.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HeadwayError(f"--url {url}: an address such as http://localhost:8080 is needed")
    try:
        connection = _connection(parts)
        connection.request("GET", f"{parts.path.rstrip('/')}/ping")
        status = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise HeadwayError(f"--url {url}: nothing answers there ({error}); start the container first") from None
    if status != 200:
        raise HeadwayError(f"--url {url}: GET /ping answered {status}, not 200: the container is not ready")
    return Target(url, hardware, 1, lambda: _http(parts))


def endpoint(account: Account, name: str) -> Target:
    """A SageMaker endpoint.

    Raises:
        AccountError: There is none of that name, or it may not be asked.
        HeadwayError: It is asynchronous, has several variants, or is not in service.
    """
    found = read_endpoint(account, name)
    if found.asynchronous:
        raise HeadwayError(f"endpoint {name} is asynchronous: it queues calls; measure its container with --url")
    if found.status != "InService":
        raise HeadwayError(f"endpoint {name} is {found.status}, not InService: measure it when it is")
    if len(found.variants) > 1:
        raise HeadwayError(f"endpoint {name} has {len(found.variants)} variants: which one answers cannot be told")
    variant = found.variants[0]
    warning = "seconds hold the network from here to the endpoint: run this in its region, or read --cloudwatch"
    return Target(
        f"endpoint {name}",
        hardware_of(variant),
        max(1, variant.instances or 1),
        lambda: _invoke(account, name),
        warning,
    )


def rate(target: Target, book: PriceBook, region: str, *, most_at_once: int) -> Rate:
    """What a second of testing costs at most: its instances, or a serverless endpoint's memory for every caller."""
    hardware = target.hardware
    if hardware.startswith("serverless-"):
        memory = int(hardware.removeprefix("serverless-").removesuffix("GB"))
        tiers = book.find(region, "SageMakerServerless", "inference_duration")
        if tiers is None:
            return Rate(None, f"no price for serverless inference in {region}")
        each = tiers[0].usd / tiers[0].per * memory * most_at_once
        return Rate(each, f"{memory} GB for {most_at_once} callers, {format_usd(each * 3600, cents=True)} an hour")
    hosted = target.name.startswith("endpoint")
    try:
        price = book.instance(region, f"ml.{hardware}" if hosted else hardware, "hosting" if hosted else "on_demand")
    except PriceError as error:
        return Rate(None, str(error))
    hourly = price.usd * target.instances
    running = f"{target.instances} x {hardware} at {format_usd(hourly, cents=True)} an hour"
    return Rate(to_decimal(hourly / Decimal(3600)), running)


def hardware_of(variant: Variant) -> str:
    """What a variant runs on, as profiles name it.

    Raises:
        HeadwayError: It names no instance type.
    """
    if variant.serverless_mb is not None:
        return f"serverless-{variant.serverless_mb // 1024}GB"
    if variant.instance_type is None:
        raise HeadwayError("the endpoint's variant names no instance type: measure its container with --url")
    return variant.instance_type.removeprefix("ml.")


def _connection(parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)


def _http(parts: urllib.parse.SplitResult) -> Send:
    """A caller of a container: one connection, kept open."""
    connection = _connection(parts)
    path = f"{parts.path.rstrip('/')}/invocations"

    def send(payload: Payload) -> None:
        try:
            connection.request("POST", path, payload.body, {"Content-Type": payload.content_type})
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise CallError(f"no answer: {error or type(error).__name__}") from None
        if answer.status != 200:
            raise CallError(f"answered {answer.status}: {said[:200].decode(errors='replace')}")

    return send


def _invoke(account: Account, name: str) -> Send:
    """A caller of an endpoint, with a client of its own: clients share too few connections."""
    own = replace(account, _clients={})

    def send(payload: Payload) -> None:
        try:
            answer: dict[str, Any] = own.ask(
                "sagemaker-runtime", "invoke_endpoint",
                EndpointName=name, Body=payload.body, ContentType=payload.content_type,
            )  # fmt: skip
        except AccountError as error:
            if error.kind in _NOT_THE_CALL:
                raise
            raise CallError(str(error)) from None
        answer["Body"].read()
        if answer["ResponseMetadata"].get("RetryAttempts"):
            raise CallError("was throttled and sent again: its time says nothing")

    return send
