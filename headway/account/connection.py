"""A connection to an account: one door through which every call goes, paged, retried, and only what is permitted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headway.account.errors import AccountError, telling
from headway.account.permissions import PERMISSIONS, action_of
from headway.errors import HeadwayError

ATTEMPTS = 8
"""Of one call, the first included: the adaptive mode waits longer each time, up to 20 s."""
_TOKENS = (("NextToken", "NextToken"), ("nextToken", "nextToken"), ("NextPageToken", "NextPageToken"),
           ("NextMarker", "Marker"))  # fmt: skip
"""(in the answer, in the next question) where botocore knows no paginator."""


@dataclass(frozen=True)
class Account:
    """The account that the usual credential chain leads to, as one command may ask it.

    >>> connect("prices refresh", region="us-east-1").region
    'us-east-1'
    """

    command: str
    """Without ``headway``: a row of PERMISSIONS."""
    region: str | None = None
    _clients: dict[tuple[str, str | None], Any] = field(default_factory=dict, repr=False, compare=False)

    def client(self, service: str, *, region: str | None = None) -> Any:
        """A boto3 client that refuses what the command has no permission row for. ``ask`` and ``pages`` tell errors.

        Raises:
            AccountError: No region, or no such profile.
            HeadwayError: boto3 is not installed.
        """
        key = service, region or self.region
        if key not in self._clients:
            with telling(service, self.command):
                made = make_client(*key)
            made.meta.events.register("provide-client-params", self._permitted)
            self._clients[key] = made
        return self._clients[key]

    def ask(self, service: str, operation: str, *, region: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One call's answer.

        Args:
            service: boto3's name, such as ``sqs``.
            operation: The client's method, such as ``receive_message``.
            region: Another region than the account's own.
            **parameters: Of the operation.

        Raises:
            AccountError: AWS could not be asked, or said no.
        """
        client = self.client(service, region=region)
        with telling(_action(client, operation), self.command):
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        return answer

    def pages(
        self, service: str, operation: str, *, region: str | None = None, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """The answers of a call, page by page, to the last.

        Raises:
            AccountError: As ``ask``, at the page where it happens.
        """
        client = self.client(service, region=region)
        with telling(_action(client, operation), self.command):
            if client.can_paginate(operation):
                yield from client.get_paginator(operation).paginate(**parameters)
                return
        token: Mapping[str, Any] = {}
        while True:
            answer = self.ask(service, operation, region=region, **parameters, **token)
            yield answer
            following = {asked: answer[said] for said, asked in _TOKENS if answer.get(said)}
            if not following:
                return
            if following == token:
                raise AccountError(
                    f"AWS gave the same page of {_action(client, operation)} twice",
                    kind="refused", action=_action(client, operation),
                )  # fmt: skip
            token = following

    def _permitted(self, model: Any, **_: Any) -> None:
        """Every call of every client comes here first: the permissions in the README are all there are."""
        action = action_of(model.service_model.signing_name, model.name)
        if action not in PERMISSIONS[self.command]:
            raise AssertionError(f"headway {self.command} calls {action}, which PERMISSIONS does not list")


def connect(command: str, *, region: str | None = None) -> Account:
    """The account for a command; nothing is asked yet.

    Args:
        command: Without ``headway``, such as ``prices refresh``: names what may be asked (PERMISSIONS).
        region: AWS region; the environment's own (AWS_REGION, the profile's) unless given.
    """
    if command not in PERMISSIONS:
        raise AssertionError(f"headway {command} has no row in PERMISSIONS")
    # boto3 reads AWS_DEFAULT_REGION and the profile by itself, and not what every other SDK reads first.
    return Account(command, region or os.environ.get("AWS_REGION") or None)


def make_client(service: str, region: str | None) -> Any:
    """A boto3 client with the usual credential chain and adaptive retries: what tests put a fake in the place of.

    Raises:
        HeadwayError: boto3 is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise HeadwayError('asking AWS needs boto3: pip install "headway[aws]"') from None
    retries = {"mode": "adaptive", "total_max_attempts": ATTEMPTS}
    config = Config(retries=retries, connect_timeout=10, read_timeout=60, user_agent_extra="headway")
    return boto3.Session().client(service, region_name=region, config=config)


def _action(client: Any, operation: str) -> str:
    return action_of(client.meta.service_model.signing_name, client.meta.method_to_api_mapping[operation])
