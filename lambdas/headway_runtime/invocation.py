"""One call of a SageMaker endpoint, and what its failure means."""

from __future__ import annotations

from typing import Any

from headway_runtime.contract import parse_json
from headway_runtime.model import ModelError

REFUSED = frozenset({"ModelError", "ValidationError", "ValidationException"})
"""The endpoint is there and does not take this call; anything else is the endpoint's own trouble."""


def invoke(runtime: Any, endpoint: str, body: bytes) -> Any:
    """An endpoint's answer to one JSON body.

    Raises:
        ModelError: It refused the call, with the status that the model's container answered; fatal where the endpoint
            is busy, gone or silent.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType="application/json", Accept="application/json", Body=body
        )
        return parse_json(answer["Body"].read())
    except ClientError as error:
        refused = error.response["Error"]["Code"] in REFUSED and "not found" not in str(error)
        status = int(error.response.get("OriginalStatusCode") or 0)
        raise ModelError(f"the endpoint answered: {error}", fatal=not refused, status=status) from None
    except (BotoCoreError, OSError) as error:
        raise ModelError(f"the endpoint does not answer: {error}", fatal=True) from None
    except ValueError:
        raise ModelError("the endpoint's answer is not JSON") from None
