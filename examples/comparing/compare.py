"""Ask two architectures of one stack the same requests: do they answer alike, and how long does each take?"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

POLL_S = 2.0
API_LIMIT_S = 35
"""An HTTP API answers within 30 s."""
DONE, ACCEPTED, UNKNOWN = 200, 202, 404
STAND_INS = ("cache", "default")
"""Sources of an answer that no model gave now."""
Client = Callable[[str], Any]


@dataclass
class Asked:
    """What one side answered, and after how many seconds; what it still owes is in ``missing``."""

    answers: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)
    missing: dict[str, tuple[float, str, str]] = field(default_factory=dict)
    """By id: when it was asked, and bucket and key of the answer to come; for an API its address, and no key."""
    stood_in: int = 0
    """How many answers came from a ladder's cache or default, as the model could not answer."""


def ask(client: Client, outputs: Mapping[str, Any], requests: Mapping[str, Any]) -> Asked:
    """Send requests the way that a side takes them: by its router, its queue, its endpoint, or its endpoint's queue."""
    asked = Asked()
    for identity, request in requests.items():
        started, body = time.monotonic(), request["body"]
        message = {**request, "id": identity, "submitted_at": datetime.now(UTC).isoformat()}
        if "api_url" in outputs:
            status, answer = call("POST", f"{outputs['api_url']}/requests", message)
            if status == DONE:
                asked.stood_in += answer.get("source") in STAND_INS
                asked.answers[identity] = answer.get("output", answer.get("error"))
                asked.waits[identity] = time.monotonic() - started
            elif status == ACCEPTED:
                asked.missing[identity] = (started, outputs["api_url"], "")
            else:
                raise SystemExit(f"error: {outputs['api_url']}/requests answers {status}: {answer}")
        elif "queue_url" in outputs:
            client("sqs").send_message(QueueUrl=outputs["queue_url"], MessageBody=json.dumps(message))
            asked.missing[identity] = (started, outputs["results_bucket"], f"results/{identity}.json")
        elif "results_bucket" in outputs and "endpoint_name" in outputs:
            key = f"requests/{identity}.json"
            client("s3").put_object(Bucket=outputs["results_bucket"], Key=key, Body=json.dumps(body).encode())
            answer = client("sagemaker-runtime").invoke_endpoint_async(
                EndpointName=outputs["endpoint_name"], InputLocation=f"s3://{outputs['results_bucket']}/{key}",
                ContentType="application/json", InferenceId=identity,
            )  # fmt: skip
            bucket, place = answer["OutputLocation"].removeprefix("s3://").split("/", 1)
            asked.missing[identity] = (started, bucket, place)
        elif "endpoint_name" in outputs:
            answer = client("sagemaker-runtime").invoke_endpoint(
                EndpointName=outputs["endpoint_name"], ContentType="application/json", Body=json.dumps(body).encode()
            )
            asked.answers[identity] = json.loads(answer["Body"].read())
            asked.waits[identity] = time.monotonic() - started
        else:
            raise SystemExit(
                "error: a side has none of api_url, queue_url and endpoint_name: bring your own router's address"
            )
    return asked


def call(method: str, url: str, body: Any = None) -> tuple[int, Any]:
    """Call an HTTP API as IAM wants it signed; status and answer."""
    session = boto3.Session()
    found = re.search(r"\.execute-api\.([a-z0-9-]+)\.", url)
    region = found[1] if found else session.region_name
    data = None if body is None else json.dumps(body).encode()
    signed = AWSRequest(method=method, url=url, data=data, headers={"content-type": "application/json"})
    SigV4Auth(session.get_credentials(), "execute-api", region).add_auth(signed)
    answer = URLLib3Session(timeout=API_LIMIT_S).send(signed.prepare())
    return answer.status_code, json.loads(answer.text) if answer.status_code in (DONE, ACCEPTED) else answer.text


def collect(client: Client, asked: Asked) -> None:
    """Take the answers that have come since."""
    s3 = client("s3")
    for identity, (started, bucket, key) in list(asked.missing.items()):
        if not key:
            status, content = call("GET", f"{bucket}/results/{identity}")
            if status == UNKNOWN:
                continue
            if status != DONE:
                raise SystemExit(f"error: {bucket}/results answers {status}: {content}")
        else:
            try:
                content = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            except s3.exceptions.NoSuchKey:
                continue
        by_contract = isinstance(content, dict) and content.get("id") == identity
        asked.answers[identity] = content.get("output", content.get("error")) if by_contract else content
        asked.waits[identity] = time.monotonic() - started
        del asked.missing[identity]


def alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers say the same, numbers within a tolerance."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= tolerance
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(*pair, tolerance) for pair in zip(one, other, strict=True))
    return bool(one == other)


def said(name: str, asked: Asked, max_wait_s: float) -> str:
    """A side's waits in one line."""
    waits = sorted(asked.waits.values())
    if not waits:
        return f"{name}: no answer to {len(asked.missing)} requests"
    late = sum(wait > max_wait_s for wait in waits)
    answered = f"{len(waits)} answered, {len(asked.missing)} not"
    if asked.stood_in:
        answered += f", {asked.stood_in} by the ladder instead of the model"
    return f"{name}: {answered}; {waits[len(waits) // 2]:.1f} s at the median, {waits[-1]:.1f} s at worst; {late} late"


def region_of_the_shell(service: str) -> Any:
    """A client in AWS_REGION, which boto3 does not read by itself; else where its own configuration says."""
    return boto3.client(service, region_name=os.environ.get("AWS_REGION"))


def main(arguments: list[str], client: Client = region_of_the_shell) -> int:
    """0 where both answer everything alike and in time, else 2; 1 where it could not be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outputs", type=Path, help="of `pulumi stack output --json`")
    parser.add_argument("requests", type=Path, help="a JSON object with a body, and attributes, a line")
    parser.add_argument("--max-wait", type=float, required=True, metavar="S", help="seconds that an answer may take")
    parser.add_argument("--tolerance", type=float, default=0.0, help="by which numbers may differ")
    try:
        given = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse ends with 2, which is for answers that differ
        raise SystemExit(1 if ended.code else 0) from None
    try:
        first, requests = sides_of(given.outputs), requests_of(given.requests)
        return compare(first, requests, given.max_wait, given.tolerance, client)
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"error: AWS could not be asked, or said no: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("error: stopped; what was sent is answered all the same") from None


def text_of(path: Path, hint: str) -> str:
    """A file's text, or an end with what would bring it."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        raise SystemExit(f"error: {path}: {why}; {hint}") from None


def sides_of(path: Path) -> dict[str, Any]:
    """The outputs of a stack that has something alongside."""
    hint = f"`pulumi stack output --json > {path}` writes it"
    try:
        first = json.loads(text_of(path, hint))
    except ValueError as error:
        raise SystemExit(f"error: {path}: not JSON ({error}); {hint}") from None
    if not isinstance(first, dict) or "architecture" not in first:
        raise SystemExit(f"error: {path}: these are no outputs of a Headway stack, they name no architecture; {hint}")
    if not isinstance(first.get("alongside"), dict):
        raise SystemExit(
            f"error: {path}: nothing runs alongside: set headway:alongside, lock, and `pulumi up` first; then {hint}"
        )
    return first


def requests_of(path: Path) -> dict[str, Any]:
    """The requests by the ids that they get here."""
    found: dict[str, Any] = {}
    hint = 'write {"body": ...} a line, as examples/comparing/requests.jsonl does'
    for number, line in enumerate(text_of(path, hint).splitlines(), 1):
        if not line.strip():
            continue
        try:
            request = json.loads(line)
        except ValueError as error:
            raise SystemExit(f"error: {path}:{number}: not JSON ({error}); {hint}") from None
        if not isinstance(request, dict) or "body" not in request:
            raise SystemExit(f"error: {path}:{number}: a request is a JSON object with a body; {hint}")
        found[f"compare-{uuid.uuid4().hex[:12]}"] = request
    if not found:
        raise SystemExit(f"error: {path}: there is no request in it; {hint}")
    return found


def compare(
    first: Mapping[str, Any], requests: Mapping[str, Any], max_wait_s: float, tolerance: float, client: Client
) -> int:
    """Ask both sides and say how they differ; 0 where both answer everything alike and in time, else 2."""
    names = (str(first["architecture"]), str(first["alongside"]["architecture"]))
    sides = [ask(client, outputs, requests) for outputs in (first, first["alongside"])]
    until = time.monotonic() + max_wait_s
    while any(side.missing for side in sides):
        for side in sides:
            collect(client, side)
        if time.monotonic() > until:
            break
        time.sleep(POLL_S if any(side.missing for side in sides) else 0)
    both = [one for one in requests if all(one in side.answers for side in sides)]
    differ = [one for one in both if not alike(sides[0].answers[one], sides[1].answers[one], tolerance)]
    for name, side in zip(names, sides, strict=True):
        print(said(name, side, max_wait_s))
    print(f"{len(both) - len(differ)} of {len(requests)} answered alike")
    for one in differ:
        print(f"{one}: {names[0]} says {sides[0].answers[one]!r}, {names[1]} says {sides[1].answers[one]!r}")
    late = any(wait > max_wait_s for side in sides for wait in side.waits.values())
    return 0 if len(both) == len(requests) and not differ and not late else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
