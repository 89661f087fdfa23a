import pytest

from headway_components.serverless import ServerlessEndpoint
from tests.components.designs import SERVERLESS
from tests.components.provisioned import Provisioned, provision


@pytest.fixture(scope="module")
def made() -> Provisioned:
    return provision(lambda: ServerlessEndpoint("form", {"design": SERVERLESS}) and None)


def settings(made: Provisioned) -> dict[str, float]:
    (variant,) = made.one("sagemaker:EndpointConfiguration").inputs["productionVariants"]
    found: dict[str, float] = variant["serverlessConfig"]
    return found


def test_memory_and_concurrency_are_those_of_the_design(made: Provisioned) -> None:
    assert settings(made) == {"memorySizeInMb": 4096, "maxConcurrency": 7}


def test_provisioned_concurrency_is_set_only_where_the_design_has_it() -> None:
    warm = SERVERLESS.model_copy(update={"provisioned_concurrency": 2})
    made = provision(lambda: ServerlessEndpoint("form", {"design": warm}) and None)
    assert settings(made)["provisionedConcurrency"] == 2


def test_nothing_is_asked_for_that_serverless_endpoints_cannot_have(made: Provisioned) -> None:
    assert "deploymentConfig" not in made.one("sagemaker:Endpoint").inputs
    model = made.one("sagemaker:Model").inputs
    assert model["enableNetworkIsolation"] is False
    assert "vpcConfig" not in model


def test_the_alarms_are_those_of_the_design(made: Provisioned) -> None:
    assert {alarm.name for alarm in made.all("cloudwatch:MetricAlarm")} == {f"form-{a}" for a in SERVERLESS.alarms}
    throttles = made.one("cloudwatch:MetricAlarm", "throttles").inputs
    assert throttles["metricName"] == "ServerlessConcurrentExecutionsUtilization"
    assert (throttles["comparisonOperator"], throttles["threshold"]) == ("GreaterThanOrEqualToThreshold", 1)


def test_the_endpoint_keeps_its_name_and_gets_a_new_configuration(made: Provisioned) -> None:
    assert made.one("sagemaker:Endpoint").inputs["name"] == "headway-dev-form-serverless"
    configuration = made.one("sagemaker:EndpointConfiguration")
    assert "name" not in configuration.inputs
    assert not configuration.retained


def test_a_network_that_aws_cannot_use_for_it_is_not_passed_over_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: said.append(text))
    args = {"design": SERVERLESS, "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"]}
    provision(lambda: ServerlessEndpoint("form", args) and None)  # type: ignore[arg-type]
    assert said == ["form: subnet_ids, vpc_id: SageMaker runs serverless endpoints outside any VPC"]
