"""A faked AWS whose default is to fail: only what a test says it answers, in shapes that AWS's own models check."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from headway.account import connection


class FakeAws:
    """Clients whose every call must have been announced, in this order; a service nobody announced is an error."""

    def __init__(self) -> None:
        self.stubbers: dict[tuple[str, str | None], Stubber] = {}

    def on(self, service: str, region: str | None = "us-east-1") -> Stubber:
        """The stubber of a service in a region: add_response, add_client_error."""
        key = service, region
        if key not in self.stubbers:
            self.stubbers[key] = Stubber(boto3.Session().client(service, region_name=region))
            self.stubbers[key].activate()
        return self.stubbers[key]

    def client(self, service: str, region: str | None) -> Any:
        if (service, region) not in self.stubbers:
            raise AssertionError(f"nobody said what {service} in {region} answers")
        return self.stubbers[service, region].client

    def all_asked(self) -> None:
        """Everything announced was asked for."""
        for stubber in self.stubbers.values():
            stubber.assert_no_pending_responses()


def put_in_place(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """A FakeAws in the place of boto3."""
    fake = FakeAws()
    make: Callable[[str, str | None], Any] = fake.client
    monkeypatch.setattr(connection, "make_client", make)
    return fake
