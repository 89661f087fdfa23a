"""The model beside the worker: the SageMaker contract over localhost.

A batch is a JSON list of bodies, answered by a JSON list of as many outputs. A batch of one is sent as a list too.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from headway_runtime.contract import parse_json


class ModelError(Exception):
    """The model refused or failed; ``fatal`` when it no longer answers at all."""

    def __init__(self, message: str, *, fatal: bool = False) -> None:
        super().__init__(message)
        self.fatal = fatal


def wait_until_ready(url: str, deadline_s: float) -> None:
    """Poll ``/ping`` until the model answers.

    Raises:
        ModelError: It did not within ``deadline_s``.
    """
    end = time.monotonic() + deadline_s
    while True:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=5) as response:  # noqa: S310 - localhost
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError, TimeoutError):
            pass
        if time.monotonic() >= end:
            raise ModelError(f"the model did not answer {url}/ping within {deadline_s:.0f} s", fatal=True)
        time.sleep(min(1.0, max(0.05, deadline_s / 100)))


def invoke(url: str, bodies: Sequence[Any], timeout_s: float) -> list[Any]:
    """The outputs for a batch of bodies, in order.

    Raises:
        ModelError: An error status, an answer of another length, or none.
    """
    request = urllib.request.Request(  # noqa: S310 - localhost
        f"{url}/invocations",
        data=json.dumps(list(bodies)).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310 - localhost
            outputs = parse_json(response.read())
    except urllib.error.HTTPError as error:
        raise ModelError(f"the model answered {error.code}: {error.read(300).decode(errors='replace')}") from None
    except (urllib.error.URLError, OSError, TimeoutError) as error:
        raise ModelError(f"the model does not answer: {error}", fatal=True) from None
    except ValueError:
        raise ModelError("the model's answer is not JSON") from None
    return as_many(outputs, len(bodies), "the model")


def as_many(outputs: Any, count: int, who: str) -> list[Any]:
    """The outputs of a batch, checked to be as many as were sent.

    Raises:
        ModelError: They are not.
    """
    if not isinstance(outputs, list) or len(outputs) != count:
        raise ModelError(f"{who} answered {type(outputs).__name__}, not a list of {count} outputs")
    return outputs
