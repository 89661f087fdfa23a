"""Notice to leave: SIGTERM, or that a spot instance will be taken back, which its metadata tells two minutes before.

The metadata service is asked by session token (IMDSv2); where there is none (Fargate), nothing is announced.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from math import inf

EVERY_S = 5.0
"""How often the metadata service is asked (Amazon EC2 User Guide, spot instance interruption notices)."""
SPOT_NOTICE_S = 120.0
"""A spot instance is told so long before it is taken back (the same)."""
TOKEN_S = 21_600
"""The longest that a session token lasts (Amazon EC2 User Guide, instance metadata)."""
ANSWERS_WITHIN_S = 2.0


class Notice:
    """Whether this worker has to leave, why, and by when. Threads wait for it."""

    def __init__(self) -> None:
        self._given = threading.Event()
        self._lock = threading.Lock()
        self._by = inf
        self.reason = ""

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return self._given.is_set()

    @property
    def left_s(self) -> float:
        """Seconds until this worker will be killed; infinite without a notice."""
        return self._by - time.monotonic()

    def give(self, reason: str, left_s: float) -> None:
        """Leave within ``left_s``; of several notices the shortest counts, and the first one's reason."""
        with self._lock:
            self._by = min(self._by, time.monotonic() + left_s)
            self.reason = self.reason or reason
        self._given.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a notice; says whether there is one."""
        return self._given.wait(timeout_s)


class Metadata:
    """The instance's metadata service."""

    def __init__(self, url: str) -> None:
        self._url, self._token, self._expires = url.rstrip("/"), "", 0.0

    def spot_action(self) -> str | None:
        """When the instance will be taken back (ISO 8601), or None where nothing is planned.

        Raises:
            OSError: The service does not answer.
        """
        if time.monotonic() >= self._expires:
            asked = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_S)}
            self._token = self._ask("PUT", "/latest/api/token", asked)
            self._expires = time.monotonic() + TOKEN_S - 60
        try:
            told = self._ask("GET", "/latest/meta-data/spot/instance-action", {"X-aws-ec2-metadata-token": self._token})
        except urllib.error.HTTPError as error:
            if error.code == 401:
                self._expires = 0.0  # The token is not taken any more: ask for a new one.
            if error.code in (401, 404):
                return None
            raise
        try:
            return str(json.loads(told)["time"])
        except (ValueError, KeyError, TypeError):
            return ""

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(f"{self._url}{path}", method=method, headers=headers)  # noqa: S310 - link-local
        with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN_S) as response:  # noqa: S310 - link-local
            return str(response.read().decode())


def watch_for_spot(notice: Notice, url: str, every_s: float = EVERY_S) -> None:
    """Ask the metadata service in a thread until it announces that the instance is taken back."""
    metadata = Metadata(url)

    def watch() -> None:
        while not notice.wait(every_s):
            try:
                at = metadata.spot_action()
            except (OSError, ValueError):
                continue
            if at is not None:
                notice.give("the spot instance is taken back", seconds_until(at))
                return

    threading.Thread(target=watch, name="spot-notice", daemon=True).start()


def seconds_until(at: str) -> float:
    """Seconds until a time as the metadata service tells it, at most the notice's two minutes.

    >>> seconds_until("2020-01-01T00:00:00Z"), seconds_until("no time")
    (0.0, 120.0)
    """
    try:
        left = (datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return SPOT_NOTICE_S
    return min(max(left, 0.0), SPOT_NOTICE_S)
