"""Drive an endpoint stack: invoke the provisioned endpoint, whose model is the rehearsal's."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from headway.architectures.design import RealtimeDesign, ServerlessDesign
from headway_rehearsal.fleet import Run
from headway_rehearsal.outcome import Served
from headway_rehearsal.resources.base import Aws


def rehearse_endpoint(
    aws: Aws, endpoint_name: str, design: RealtimeDesign | ServerlessDesign, model_url: str, bodies: Sequence[Any]
) -> Run:
    """Invoke the endpoint with each body, one after the other."""
    described = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint_name)
    runtime = aws.client("sagemaker-runtime")
    served: list[Served] = []
    results: dict[str, bytes] = {}
    with _answering(model_url):
        for index, body in enumerate(bodies, start=1):
            identity = f"request-{index:04d}"
            started = time.perf_counter()
            answer = runtime.invoke_endpoint(
                EndpointName=endpoint_name, ContentType="application/json", Body=json.dumps(body)
            )
            output = json.loads(answer["Body"].read())
            took = time.perf_counter() - started
            served.append(Served(id=identity, wait_s=took, model_s=took, output=output))
            results[identity] = json.dumps({"id": identity, "output": output}).encode()
    events = (f"endpoint {endpoint_name}: {described['EndpointStatus']}", f"{len(bodies)} requests, one after another")
    return Run(tuple(served), events, 0, design.max_wait_s, results)


@contextmanager
def _answering(model_url: str) -> Iterator[None]:
    """Endpoints answer canned text in moto: here they pass requests on to a model, and absent ones refuse."""
    from moto.core.exceptions import JsonRESTError
    from moto.sagemaker.models import sagemaker_backends
    from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

    def invoke_endpoint(self: Any) -> tuple[int, dict[str, str], bytes]:
        name = self.path.split("/")[2]  # /endpoints/<name>/invocations
        if name not in sagemaker_backends[self.current_account][self.region].endpoints:
            raise JsonRESTError("ValidationError", f"Endpoint {name} of account {self.current_account} not found.")
        body = self.body if isinstance(self.body, bytes) else str(self.body).encode()
        request = urllib.request.Request(  # noqa: S310 - localhost
            f"{model_url}/invocations", data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - localhost
                return 200, {"Content-Type": "application/json"}, response.read()
        except urllib.error.HTTPError as error:
            raise JsonRESTError("ModelError", error.read().decode(errors="replace")) from None

    with mock.patch.object(SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint):
        yield
