"""The ledger of departures, in the results bucket under ``departures/<fleet>/``.

Who sends for workers claims it first, by a conditional write, so that two ticks at once send one fleet. A claim whose
tick died before it acted is taken over after two more. The ledger also remembers the last departure that was looked at,
and holds what each departure served: the workers' parts, the manifest of them, and whether that was announced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from headway_runtime.jobs import ON_DEMAND
from headway_runtime.report import PREFIX, Part, ProbesTold, prefix_of, read_part, read_probes
from headway_runtime.results import THERE_ALREADY, UNDER_WAY

WHY = ("workers", "reason", "replaces")
"""What is kept with the claim of on-demand workers."""
RECALLED = "on-demand.json"
"""Of a fleet: why its last departures that needed on-demand workers did, for the watchdog's report."""
RECALLED_MOST = 100
"""Departures in it, the latest last."""
CLAIM_ENDS = timedelta(seconds=120)
"""Longer than a tick can run: whoever claimed and has not acted by then never will."""


class Ledger:
    """One fleet's ledger."""

    def __init__(self, s3: Any, bucket: str, fleet: str) -> None:
        self._s3, self.bucket, self._fleet = s3, bucket, fleet
        self.failed: list[str] = []
        """What a tick asked in vain, and went on without."""

    def claim(self, departure: str, what: str, now: datetime, why: Mapping[str, Any] | None = None) -> bool:
        """Whether this tick may do ``what`` for a departure, and no other; ``why`` is kept with the claim."""
        key = f"{prefix_of(self._fleet, departure)}claims/{what}"
        body = json.dumps({"at": now.isoformat(), **(why or {})}).encode()
        if self._put(key, body, IfNoneMatch="*"):
            return True
        found = self._get(key)
        if found is None:
            return False
        content, etag = found
        if now - datetime.fromisoformat(json.loads(content)["at"]) < CLAIM_ENDS:
            return False
        return self._put(key, body, IfMatch=etag)

    def give_up(self, departure: str, what: str, now: datetime) -> None:
        """Let another tick do it at once: this one could not."""
        key = f"{prefix_of(self._fleet, departure)}claims/{what}"
        self._put(key, json.dumps({"at": (now - CLAIM_ENDS).isoformat()}).encode())

    def handled(self) -> datetime | None:
        """The departure that was looked at last, or None where nobody knows."""
        found = self._get(f"{PREFIX}{self._fleet}/handled.json")
        return None if found is None else datetime.fromisoformat(json.loads(found[0])["handled"])

    def remember(self, handled: datetime) -> None:
        """Keep the departure that was looked at last."""
        self._put(f"{PREFIX}{self._fleet}/handled.json", json.dumps({"handled": handled.isoformat()}).encode())

    def parts(self, departure: str) -> tuple[list[Part], list[ProbesTold]]:
        """What a departure's workers have told: of its requests, and of their probes."""
        prefix = f"{prefix_of(self._fleet, departure)}parts/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
        parts, probes = map(read_part, keys), map(read_probes, keys)
        return [one for one in parts if one is not None], [one for one in probes if one is not None]

    def on_demand(self, departure: str) -> list[dict[str, Any]]:
        """Why a departure had workers on-demand: ``{workers, reason, replaces}`` of each of its jobs there."""
        prefix = f"{prefix_of(self._fleet, departure)}claims/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = [row["Key"] for page in pages for row in page.get("Contents", []) if f"-{ON_DEMAND}" in row["Key"]]
        claims = [json.loads(found[0]) for key in keys if (found := self._get(key)) is not None]
        return [{name: claim[name] for name in WHY} for claim in claims if claim.get("reason")]

    def recall(self, departure: str, on_demand: Sequence[Mapping[str, Any]]) -> None:
        """Keep why a departure needed on-demand workers beside those of the departures before it."""
        key = f"{PREFIX}{self._fleet}/{RECALLED}"
        for _ in range(3):
            found = self._get(key)
            before = json.loads(found[0]) if found else []
            body = json.dumps([*before, {"departure": departure, "on_demand": list(on_demand)}][-RECALLED_MOST:])
            if self._put(key, body.encode(), **({"IfMatch": found[1]} if found else {"IfNoneMatch": "*"})):
                return

    def manifest_key(self, departure: str) -> str:
        """Where a departure's manifest lies."""
        return f"{prefix_of(self._fleet, departure)}manifest.json"

    def write_manifest(self, departure: str, manifest: dict[str, Any]) -> None:
        """Keep what a departure served."""
        self._put(self.manifest_key(departure), json.dumps(manifest, separators=(",", ":")).encode())

    def is_announced(self, departure: str) -> bool:
        """Whether a departure's end was told already."""
        return self._get(f"{prefix_of(self._fleet, departure)}announced") is not None

    def mark_announced(self, departure: str, now: datetime) -> None:
        """A departure's end was told."""
        self._put(f"{prefix_of(self._fleet, departure)}announced", now.isoformat().encode())

    def _put(self, key: str, body: bytes, **condition: str) -> bool:
        """Write an object; False where its condition does not hold."""
        from botocore.exceptions import ClientError

        try:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in THERE_ALREADY | UNDER_WAY:
                return False
            raise
        return True

    def _get(self, key: str) -> tuple[bytes, str] | None:
        from botocore.exceptions import ClientError

        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise
        return answer["Body"].read(), answer["ETag"]
