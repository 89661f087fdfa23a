"""Drive an endpoint stack: invoke the provisioned endpoint, whose model is the rehearsal's."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from headway.architectures.design import AsynchronousDesign, RealtimeDesign, ServerlessDesign
from headway.assumptions import assume
from headway.errors import HeadwayError
from headway_rehearsal.observed import Run
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
    with answering(model_url):
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


def rehearse_asynchronous(
    aws: Aws, outputs: Mapping[str, Any], design: AsynchronousDesign, model_url: str, bodies: Sequence[Any]
) -> Run:
    """Put each body into the bucket, invoke, and read the answer where the endpoint's configuration says."""
    endpoint, bucket = outputs["endpoint_name"], outputs["results_bucket"]
    s3, runtime = aws.client("s3"), aws.client("sagemaker-runtime")
    status = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"]
    start = assume("endpoint.detection") + assume("endpoint.start") + design.load_time_s if design.sleeps else 0.0
    served: list[Served] = []
    results: dict[str, bytes] = {}
    with answering_later(aws, model_url):
        for index, body in enumerate(bodies, start=1):
            identity = f"request-{index:04d}"
            key = f"requests/{identity}.json"
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode())
            started = time.perf_counter()
            answer = runtime.invoke_endpoint_async(
                EndpointName=endpoint, InputLocation=f"s3://{bucket}/{key}", InferenceId=identity,
                ContentType="application/json", RequestTTLSeconds=design.expires_s,
            )  # fmt: skip
            where, place = answer["OutputLocation"].removeprefix("s3://").split("/", 1)
            output = json.loads(s3.get_object(Bucket=where, Key=place)["Body"].read())
            took = time.perf_counter() - started
            served.append(Served(id=identity, wait_s=start + took, model_s=took, output=output))
            results[identity] = json.dumps({"id": identity, "output": output}).encode()
    events = (f"endpoint {endpoint}: {status}", f"{len(bodies)} requests through its own queue")
    return Run(tuple(served), events, 0, design.max_wait_s, results)


@contextmanager
def answering_later(aws: Aws, model_url: str) -> Iterator[None]:
    """Moto never reads an asynchronous request's input nor writes its output: here the model's answer is written."""
    from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

    def invoke_endpoint_async(self: Any) -> tuple[int, dict[str, str], str]:
        name, source = self.path.split("/")[2], self.headers["X-Amzn-SageMaker-InputLocation"]
        sagemaker, s3 = aws.client("sagemaker"), aws.client("s3")
        used = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        target = _configured(name, aws, used)
        bucket, key = source.removeprefix("s3://").split("/", 1)
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        # A name of SageMaker's own making: nobody shall guess it.
        named = uuid.uuid4().hex
        place, failed = f"{target}/{named}.out", f"{target.rsplit('/', 1)[0]}/failures/{named}-error.out"
        where, out = place.removeprefix("s3://").split("/", 1)
        s3.put_object(Bucket=where, Key=out, Body=_invoke(model_url, body))
        headers = {"X-Amzn-SageMaker-OutputLocation": place, "X-Amzn-SageMaker-FailureLocation": failed}
        return 200, headers, json.dumps({"InferenceId": self.headers["X-Amzn-SageMaker-Inference-Id"]})

    with mock.patch.object(SageMakerRuntimeResponse, "invoke_endpoint_async", invoke_endpoint_async):
        yield


def _configured(endpoint: str, aws: Aws, configuration: str) -> str:
    """The output path of an endpoint's configuration."""
    from moto.sagemaker.models import sagemaker_backends

    found = sagemaker_backends[aws.account][aws.region].endpoint_configs[configuration].async_inference_config
    if not found:
        raise HeadwayError(f"endpoint {endpoint} is not asynchronous")
    return str(found["OutputConfig"]["S3OutputPath"])


@contextmanager
def answering(model_url: str, up: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Endpoints answer canned text in moto: here they pass requests on to a model, and absent ones refuse.

    Args:
        model_url: Of the model.
        up: Whether the endpoints are; else they answer as SageMaker does that has no capacity.
    """
    from moto.core.exceptions import JsonRESTError
    from moto.sagemaker.models import sagemaker_backends
    from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

    def invoke_endpoint(self: Any) -> tuple[int, dict[str, str], bytes]:
        name = self.path.split("/")[2]  # /endpoints/<name>/invocations
        if name not in sagemaker_backends[self.current_account][self.region].endpoints:
            raise JsonRESTError("ValidationError", f"Endpoint {name} of account {self.current_account} not found.")
        if not up():
            down = JsonRESTError("ServiceUnavailable", "The request has failed due to a temporary failure.")
            down.code = 503
            raise down
        body = self.body if isinstance(self.body, bytes) else str(self.body).encode()
        try:
            return 200, {"Content-Type": "application/json"}, _invoke(model_url, body)
        except urllib.error.HTTPError as error:
            raise JsonRESTError("ModelError", error.read().decode(errors="replace")) from None

    with mock.patch.object(SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint):
        yield


def _invoke(model_url: str, body: bytes) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - localhost
        f"{model_url}/invocations", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - localhost
        answer: bytes = response.read()
        return answer
