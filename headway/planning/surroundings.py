"""What a stack is surrounded by in its account: its tags, its network, its key, what must not be lost.

None of it has a say in what is planned, so none of it is locked: a new tag needs no new plan.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LONGEST_KEY, LONGEST_VALUE = 128, 256
MOST_TAGS = 47
"""AWS allows 50 on a resource (AWS Tagging Best Practices, limits); three are Headway's own."""
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")
"""Characters that every service takes in tags."""


def _structured(value: object) -> object:
    """Pulumi hands objects and arrays of a stack's config over as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _tags(value: object) -> object:
    found = _structured(value)
    if not isinstance(found, Mapping):
        raise ValueError("tags are a mapping such as {team: lending}")
    tags = {str(key): str(text) for key, text in found.items()}
    for key, text in tags.items():
        if not 0 < len(key) <= LONGEST_KEY or len(text) > LONGEST_VALUE:
            raise ValueError(
                f"{key!r}: a tag's name has 1 to {LONGEST_KEY} characters, its value at most {LONGEST_VALUE}"
            )
        if key.lower().startswith(("aws:", "headway:")):
            raise ValueError(f"{key!r}: names that begin with aws: or headway: are taken")
        if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(text):
            raise ValueError(f"{key!r}: tags hold letters, digits, spaces and . : / = + - @ _")
    if len(tags) > MOST_TAGS:
        raise ValueError(f"{len(tags)} tags: AWS takes {MOST_TAGS} beside Headway's own")
    return tags


def _subnets(value: object) -> object:
    found = _structured(value)
    if isinstance(found, str):
        found = [one.strip() for one in found.split(",")]
    if not isinstance(found, list) or not found:
        raise ValueError("subnets are a list such as [subnet-0a1b2c3d]")
    for one in found:
        if not re.fullmatch(r"subnet-[0-9a-z]+", str(one)):
            raise ValueError(f"{one!r} is no subnet such as subnet-0a1b2c3d")
    return found


def _arn_of(service: str, example: str) -> BeforeValidator:
    """An ARN of one service, in any partition."""

    def checked(value: object) -> object:
        if not re.fullmatch(rf"arn:aws[a-z-]*:{service}:.+", str(value)):
            raise ValueError(f"an ARN such as {example} is needed")
        return value

    return BeforeValidator(checked)


def _vpc(value: object) -> object:
    if not re.fullmatch(r"vpc-[0-9a-z]+", str(value)):
        raise ValueError("a VPC such as vpc-0a1b2c3d is needed")
    return value


class Surroundings(BaseModel):
    """The ``headway:*`` settings of a stack that change where and under what name it runs, not what is planned."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    protect_data: bool = Field(default=False, exclude=True)
    """Whether queues, buckets and tables are protected from being deleted or replaced."""
    tags: Annotated[Mapping[str, str], BeforeValidator(_tags)] = Field(default_factory=dict, exclude=True)
    """On everything that can carry tags."""
    alarm_topic_arn: Annotated[str | None, _arn_of("sns", "arn:aws:sns:us-east-1:123456789012:alarms")] = Field(
        default=None, exclude=True
    )
    kms_key_arn: Annotated[str | None, _arn_of("kms", "arn:aws:kms:us-east-1:123456789012:key/1a2b3c4d")] = Field(
        default=None, exclude=True
    )
    permissions_boundary: Annotated[str | None, _arn_of("iam", "arn:aws:iam::123456789012:policy/boundary")] = Field(
        default=None, exclude=True
    )
    vpc_id: Annotated[str | None, BeforeValidator(_vpc)] = Field(default=None, exclude=True)
    subnet_ids: Annotated[list[str] | None, BeforeValidator(_subnets)] = Field(default=None, exclude=True)

    @property
    def wiring(self) -> dict[str, Any]:
        """The arguments of a component that say the same; what is not set is left out.

        >>> Surroundings(tags={"team": "lending"}, protect_data=True).wiring
        {'protect_data': True, 'tags': {'team': 'lending'}}
        """
        found = {name: getattr(self, name) for name in Surroundings.model_fields}
        return {name: value for name, value in found.items() if value}
