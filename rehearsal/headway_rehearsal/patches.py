"""What moto does otherwise than AWS, put right in one place. Each patch has a test that fails once it is not needed."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from types import ModuleType
from typing import Any
from unittest import mock

from headway_rehearsal.patches_updates import (
    compute_environments_that_update,
    endpoints_that_update,
    functions_that_update,
    stages_that_update,
)


def bucket_policies_with_conditions() -> Any:
    """A bucket policy that denies plain HTTP denies every call in moto, which ignores conditions."""
    from moto.s3.models import FakeBucket

    return mock.patch.object(FakeBucket, "get_permission", return_value=None)


def new_instance_types() -> Any:
    """Endpoint configurations refuse g5, g6, p5 and m6i in moto."""
    from moto.sagemaker.models import FakeEndpointConfig

    return mock.patch.object(FakeEndpointConfig, "validate_instance_type", return_value=None)


def multi_container_jobs() -> Any:
    """``ecsProperties`` of job definitions is refused by moto: kept, and given back when described."""
    from moto.batch import models, responses

    describe = models.JobDefinition.describe
    original = responses.BatchResponse.registerjobdefinition

    def registered(self: Any) -> str:
        properties = self._get_param("ecsProperties")
        if properties is None:
            return str(original(self))
        worker = properties["taskProperties"][0]["containers"][-1]
        shown = {"image": worker["image"], "resourceRequirements": worker["resourceRequirements"]}
        take = self._get_param

        def with_one_container(name: str, default: Any = None) -> Any:
            return shown if name == "containerProperties" else take(name, default)

        self._get_param = with_one_container
        answer = json.loads(str(original(self)))
        self.batch_backend._job_definitions[answer["jobDefinitionArn"]].headway_ecs_properties = properties
        return json.dumps(answer)

    def described(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = describe(self)
        properties = getattr(self, "headway_ecs_properties", None)
        if properties is not None:
            found.pop("containerProperties", None)
            found["ecsProperties"] = properties
        return found

    stack = ExitStack()
    stack.enter_context(mock.patch.object(responses.BatchResponse, "registerjobdefinition", registered))
    stack.enter_context(mock.patch.object(models.JobDefinition, "describe", described))
    return stack


def job_queue_time_limits() -> Any:
    """``jobStateTimeLimitActions`` of job queues is dropped by moto: kept, and given back when described."""
    from moto.batch import models, responses

    original, describe = responses.BatchResponse.createjobqueue, models.JobQueue.describe

    def created(self: Any) -> str:
        answer = str(original(self))
        queue = list(self.batch_backend._job_queues.values())[-1]
        queue.headway_limits = self._get_param("jobStateTimeLimitActions") or []
        return answer

    def described(self: Any) -> dict[str, Any]:
        return {**describe(self), "jobStateTimeLimitActions": getattr(self, "headway_limits", [])}

    stack = ExitStack()
    stack.enter_context(mock.patch.object(responses.BatchResponse, "createjobqueue", created))
    stack.enter_context(mock.patch.object(models.JobQueue, "describe", described))
    return stack


def jobs_that_wait() -> Any:
    """A submitted job is SUCCEEDED at once in moto: it stays RUNNABLE, and keeps its overrides, until driven."""
    from moto.batch import responses
    from moto.batch_simple.models import BatchSimpleBackend

    original = responses.BatchResponse.submitjob

    def submitted(self: Any) -> str:
        answer = str(original(self))
        job = self.batch_backend.get_job_by_id(json.loads(answer)["jobId"])
        job.headway_overrides = self._get_param("ecsPropertiesOverride") or {}
        if job._child_jobs:
            # An array job is PENDING while any of its children is runnable or runs.
            job.status = "PENDING"
        return answer

    def runnable(self: Any, include_start_attempt: bool, job: Any) -> None:
        del include_start_attempt
        self.backend._jobs[job.job_id] = job
        job.status = "RUNNABLE"

    stack = ExitStack()
    stack.enter_context(mock.patch.object(responses.BatchResponse, "submitjob", submitted))
    stack.enter_context(mock.patch.object(BatchSimpleBackend, "_mark_job_as_finished", runnable))
    return stack


def job_summaries_with_sizes() -> Any:
    """A listed array job does not say its size in moto; and an array's parent is not listed apart from its children."""
    from moto.batch import models

    original = models.Job.describe_short

    def described(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = original(self)
        if self._child_jobs:
            found["arrayProperties"] = {"size": len(self._child_jobs)}
        return found

    listed = models.BatchBackend.list_jobs

    def without_children(
        self: Any, job_queue_name: str | None, array_job_id: str | None, *args: Any, **kwargs: Any
    ) -> list[Any]:
        found = listed(self, job_queue_name, array_job_id, *args, **kwargs)
        return [job for job in found if array_job_id or ":" not in job.job_id]

    stack = ExitStack()
    stack.enter_context(mock.patch.object(models.Job, "describe_short", described))
    stack.enter_context(mock.patch.object(models.BatchBackend, "list_jobs", without_children))
    return stack


def event_sources_that_wait() -> Any:
    """Moto calls a queue's function inside send_message, a message at a time, and deletes whatever it says of them.

    The mapping is kept and described, and whoever drives the rehearsal polls the queue.
    """
    from moto.awslambda.models import LambdaBackend
    from moto.sqs.models import sqs_backends

    original = LambdaBackend.create_event_source_mapping

    def created(self: Any, spec: dict[str, Any]) -> Any:
        mapping = original(self, spec)
        for queue in sqs_backends[self.account_id][self.region_name].queues.values():
            queue.lambda_event_source_mappings.clear()
        return mapping

    return mock.patch.object(LambdaBackend, "create_event_source_mapping", created)


def deletes_that_lose_nothing() -> Any:
    """Moto's queue is written anew at each delete: what another thread sends meanwhile is gone."""
    from moto.sqs.models import Queue

    original = Queue.delete_message

    def delete_message(self: Any, receipt_handle: str) -> None:
        for message in list(self._messages):
            if message.had_receipt_handle(receipt_handle):
                self.pending_messages.discard(message)
                self.deleted_messages.update(message.all_receipt_handles)
                with suppress(ValueError):  # Another thread deleted it, or moved it to the dead letters.
                    self._messages.remove(message)
                return
        original(self, receipt_handle)

    return mock.patch.object(Queue, "delete_message", delete_message)


def notifications_that_wait() -> Any:
    """Moto runs a function in Docker as soon as an object is put: whoever drives the rehearsal calls it instead."""
    from moto.s3 import notifications

    return mock.patch.object(notifications, "_invoke_awslambda", return_value=None)


@contextmanager
def apis_without_a_validator() -> Iterator[None]:
    """Moto's APIs import a validator of OpenAPI documents that nothing here gives them: a stand-in where it is missing.

    It brings a dozen packages along, for an import of REST APIs that no component uses.
    """
    name = "openapi_spec_validator"
    if name in sys.modules or importlib.util.find_spec(name) is not None:
        yield
        return
    whole, errors = ModuleType(name), ModuleType(f"{name}.validation.exceptions")
    whole.validate = lambda *_: None  # type: ignore[attr-defined]
    errors.OpenAPIValidationError = ValueError  # type: ignore[attr-defined]
    stand_ins = {name: whole, f"{name}.validation": ModuleType(f"{name}.validation"), errors.__name__: errors}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for one in stand_ins:
            del sys.modules[one]


def one_loader_of_models() -> Any:
    """Moto and every session parse botocore's models anew, a tenth of a second a service: one loader does it, once."""
    import boto3
    from moto.core import utils

    boto3.setup_default_session()
    session: Any = boto3.DEFAULT_SESSION
    session._session.register_component("data_loader", _loader())
    # Importing its EC2 reads the list of AWS's regions once for every session that it makes.
    with mock.patch.object(boto3, "Session", return_value=session):
        import moto.ec2  # noqa: F401
    return mock.patch.object(utils, "create_loader", return_value=_loader())


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


PATCHES: tuple[Callable[[], Any], ...] = (
    one_loader_of_models,
    bucket_policies_with_conditions,
    new_instance_types,
    multi_container_jobs,
    job_queue_time_limits,
    jobs_that_wait,
    job_summaries_with_sizes,
    event_sources_that_wait,
    deletes_that_lose_nothing,
    notifications_that_wait,
    apis_without_a_validator,
    endpoints_that_update,
    stages_that_update,
    compute_environments_that_update,
    functions_that_update,
)


@contextmanager
def patched() -> Iterator[None]:
    """All patches, for as long as the context lasts."""
    with ExitStack() as stack:
        for patch in PATCHES:
            stack.enter_context(patch())
        yield
