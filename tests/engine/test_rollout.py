"""A new image or artifact: endpoints blue/green under alarms that roll back, batch at its next departure."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headway import load_profile
from headway.planning.search import plan as make_plan
from headway.profile import Profile
from headway.profile.model import Container
from headway_components import Inference
from headway_rehearsal.engine import EngineStack
from headway_runtime import dispatcher
from headway_runtime.settings import VARIABLE, DispatcherSettings, MicroBatchSettings, WorkerSettings
from tests.engine.conftest import MakeStack

pytestmark = pytest.mark.slow

NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
Change = dict[str, str]
CHANGES: list[Change] = [{"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tried:2"}, {"artifact": "s3://models/tried/model.tar.gz"}]  # fmt: skip


def with_container(profile: str, change: Change) -> Profile:
    content = json.loads(load_profile(f"stacks/profiles/{profile}.yaml").model_dump_json(exclude_unset=True))
    content["model"]["container"] |= change
    return Profile.model_validate(content)


def container(profile: Profile) -> Container:
    assert profile.model.container is not None
    return profile.model.container


def runs(architecture: str, profile: Profile) -> Callable[[], None]:
    plan = make_plan(profile, only=architecture)
    return lambda: Inference("work", {"plan": plan}) and None


def settings(stack: EngineStack, ending: str) -> str:
    """What the function is told whose logical name ends so."""
    (row,) = [
        one for one in stack.resources()
        if one["type"] == "aws:lambda/function:Function" and one["urn"].endswith(ending)
    ]  # fmt: skip
    found = stack.aws.client("lambda").get_function_configuration(FunctionName=row["outputs"]["name"])
    return str(found["Environment"]["Variables"][VARIABLE])


def test_an_endpoint_gets_it_blue_green_under_its_own_alarms_and_then_results_say_so(make_stack: MakeStack) -> None:
    stack = make_stack(runs("microbatch", with_container("photo-tags", {})))
    stack.up()
    endpoints, named = stack.aws.client("sagemaker").list_endpoints, set[str]()
    (before,) = endpoints()["Endpoints"]
    for change in CHANGES:
        after = with_container("photo-tags", change)
        stack.program = runs("microbatch", after)
        done = stack.up()
        assert endpoints()["Endpoints"][0]["EndpointArn"] == before["EndpointArn"], "the endpoint itself stays"
        _deploys(stack, before["EndpointName"], container(after))

        # Results name the new model once the endpoint has it, and not while it is still being brought there.
        order = [step.name for step in done.steps if step.op == "update"]
        assert order.index("work-endpoint-endpoint") < order.index("work-batcher")
        named.add(MicroBatchSettings.from_json(settings(stack, "work-batcher")).model)
    assert named == {container(with_container("photo-tags", change)).version for change in CHANGES}
    assert len(named) == 2


def test_what_is_rolled_back_never_names_results_and_the_next_update_does(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.sagemaker.responses import SageMakerResponse

    stack = make_stack(runs("microbatch", with_container("photo-tags", {})))
    stack.up()
    (endpoint,) = stack.aws.client("sagemaker").list_endpoints()["Endpoints"]
    has = stack.aws.client("sagemaker").describe_endpoint(EndpointName=endpoint["EndpointName"])["EndpointConfigName"]
    with monkeypatch.context() as aws:
        # The alarms give the traffic back to the old fleet: the endpoint is in service again, as it was.
        told = json.dumps({"EndpointArn": endpoint["EndpointArn"]})
        aws.setattr(SageMakerResponse, "update_endpoint", lambda _: (200, {}, told))
        stack.program = runs("microbatch", with_container("photo-tags", CHANGES[0]))
        stack.up()
    assert MicroBatchSettings.from_json(settings(stack, "work-batcher")).model == has
    after = with_container("photo-tags", CHANGES[1])
    stack.program = runs("microbatch", after)
    stack.up()
    assert MicroBatchSettings.from_json(settings(stack, "work-batcher")).model == container(after).version


def _deploys(stack: EngineStack, name: str, new: Container) -> None:
    """The newest update of an endpoint brings this container, and alarms that are there and watch it roll it back."""
    sagemaker = stack.aws.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    configuration = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=configuration["ProductionVariants"][0]["ModelName"])["PrimaryContainer"]
    assert (model["Image"], model["ModelDataSource"]["S3DataSource"]["S3Uri"]) == (new.image, new.artifact)
    deployment = endpoint["LastDeploymentConfig"]
    assert deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"] == 300
    guards = [one["AlarmName"] for one in deployment["AutoRollbackConfiguration"]["Alarms"]]
    alarms = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=guards)["MetricAlarms"]
    assert len(alarms) == len(guards) == 2
    assert all(name in json.dumps(alarm, default=str) for alarm in alarms)


def test_batch_has_it_from_the_next_departure_on_and_what_has_left_keeps_its_own(make_stack: MakeStack) -> None:
    profiles = [with_container("loan-documents", change) for change in ({}, *CHANGES)]
    stack = make_stack(runs("batch", profiles[0]))
    for hour, profile in enumerate(profiles):
        stack.program = runs("batch", profile)
        stack.up()
        assert departed(stack, NOON + timedelta(hours=hour)) == [told(one) for one in profiles[: hour + 1]]


def told(profile: Profile) -> tuple[str, str | None, str]:
    return container(profile).image, container(profile).artifact, container(profile).version


def departed(stack: EngineStack, now: datetime) -> list[tuple[str, str, str]]:
    """Image, artifact, and the model's name in results, of each job there is once the dispatcher has ticked."""
    from moto.batch.models import batch_backends

    has = DispatcherSettings.from_json(settings(stack, "work-dispatcher"))
    calendar = replace(has.departures[0], days=tuple(range(7)), from_minute=0, to_minute=1440, every_minutes=60)
    clients = dispatcher.Clients(*map(stack.aws.client, dispatcher.Clients._fields))
    clients.sqs.send_message(QueueUrl=has.queue_url, MessageBody=json.dumps({"id": f"r{now:%H}", "body": 1}))
    dispatcher.forget()
    dispatcher.tick(now, replace(has, timezone="UTC", departures=(calendar,)), clients)
    jobs = list(batch_backends["123456789012"]["us-east-1"]._jobs.values())
    for job in jobs:
        job.status = "SUCCEEDED"
    return [told_to(stack, job.job_definition.arn) for job in jobs]


def told_to(stack: EngineStack, definition: str) -> tuple[str, str, str]:
    batch = stack.aws.client("batch")
    (found,) = batch.describe_job_definitions(jobDefinitions=[definition])["jobDefinitions"]
    containers: dict[str, Any] = {one["name"]: one for one in found["ecsProperties"]["taskProperties"][0]["containers"]}
    environment = {one["name"]: one["value"] for one in containers["worker"]["environment"]}
    worker = WorkerSettings.from_json(environment[VARIABLE])
    return containers["model"]["image"], worker.artifact, worker.model
