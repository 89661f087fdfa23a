"""Updates that moto does not make, or forgets: what the real engine needs beside what a first run does."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from unittest import mock


def endpoints_that_update() -> Any:
    """``UpdateEndpoint`` is absent from moto, and a deployment configuration is not kept."""
    from moto.core.responses import ActionResult
    from moto.sagemaker.responses import SageMakerResponse

    create = SageMakerResponse.create_endpoint

    def created(self: Any) -> Any:
        answer = create(self)
        _endpoint(self).last_deployment_config = self._get_param("DeploymentConfig")
        return answer

    def updated(self: Any) -> Any:
        endpoint, backend = _endpoint(self), self.sagemaker_backend
        name = self._get_param("EndpointConfigName")
        try:
            configuration = backend.describe_endpoint_config(name)
        except KeyError:
            from moto.sagemaker.exceptions import ValidationError

            raise ValidationError(message=f"Could not find endpoint_config '{name}'.") from None
        endpoint.endpoint_config_name = name
        endpoint.production_variants = endpoint._process_production_variants(configuration["ProductionVariants"])
        endpoint.last_deployment_config = self._get_param("DeploymentConfig")
        return ActionResult({"EndpointArn": endpoint.arn})

    def _endpoint(self: Any) -> Any:
        return self.sagemaker_backend.endpoints[self._get_param("EndpointName")]

    stack = ExitStack()
    stack.enter_context(mock.patch.object(SageMakerResponse, "create_endpoint", created))
    stack.enter_context(mock.patch.object(SageMakerResponse, "update_endpoint", updated, create=True))
    return stack


def stages_that_update() -> Any:
    """``UpdateStage`` is absent from moto."""
    from moto.apigatewayv2.responses import ApiGatewayV2Response

    def updated(self: Any) -> Any:
        _, _, api_id, _, name = self.path.rsplit("/", 4)
        stage = self.apigatewayv2_backend.get_stage(api_id, name)
        stage.__init__(self.apigatewayv2_backend.get_api(api_id), {**stage.config, **json.loads(self.body)})
        return 200, {}, json.dumps(stage.to_json())

    return mock.patch.object(ApiGatewayV2Response, "update_stage", updated, create=True)


def compute_environments_that_update() -> Any:
    """An update of an environment's compute resources is taken by moto and forgotten."""
    from moto.batch.models import BatchBackend

    original = BatchBackend.update_compute_environment

    def updated(self: Any, compute_environment_name: str, state: Any, compute_resources: Any, service_role: Any) -> Any:
        answer = original(self, compute_environment_name, state, compute_resources, service_role)
        environment = self.get_compute_environment(compute_environment_name)
        environment.compute_resources = {**(environment.compute_resources or {}), **(compute_resources or {})}
        return answer

    return mock.patch.object(BatchBackend, "update_compute_environment", updated)


def functions_that_update() -> Any:
    """Moto keeps a function's old architectures when its code is updated, and drops where it logs."""
    from moto.awslambda.models import LambdaFunction

    original, describe = LambdaFunction.update_function_code, LambdaFunction.get_configuration

    def updated(self: Any, updated_spec: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = original(self, updated_spec)
        if updated_spec.get("Architectures"):
            self.architectures = updated_spec["Architectures"]
        return answer

    def described(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**describe(self, *args, **kwargs), "Architectures": self.architectures}

    stack = ExitStack()
    stack.enter_context(mock.patch.object(LambdaFunction, "update_function_code", updated))
    stack.enter_context(mock.patch.object(LambdaFunction, "get_configuration", described))
    return stack
