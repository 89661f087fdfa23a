"""An AWS account in memory: moto with its gaps put right, for as long as a context lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any
from unittest import mock

from headway_rehearsal.patches import patched
from headway_rehearsal.resources.base import Aws

ACCOUNT = "123456789012"
CONFIG: Any = {
    "batch": {"use_docker": False},
    "lambda": {"use_docker": False},
    "iam": {"load_aws_managed_policies": False},
}
NO_SAMPLE_IMAGES = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
"""Moto's 500 sample machine images take half a second to make, and nothing here starts one."""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_SESSION_TOKEN": "rehearsal"}


@contextmanager
def account(region: str) -> Iterator[Aws]:
    """An empty account in ``region``; every boto3 client made inside talks to it."""
    import boto3
    from moto import mock_aws

    with (
        mock.patch.dict(
            os.environ, {**CREDENTIALS, **NO_SAMPLE_IMAGES, "AWS_DEFAULT_REGION": region, "AWS_REGION": region}
        ),
        mock_aws(config=CONFIG),
        patched(),
    ):
        made: dict[str, Any] = {}
        making = Lock()

        def client(service: str) -> Any:
            # Programs register resources from several threads; a session makes one client at a time.
            with making:
                if service not in made:
                    made[service] = boto3.client(service, region_name=region)
                return made[service]

        # Accounts may be nested in one process: the inner one finds the outer one's role.
        with suppress(client("iam").exceptions.EntityAlreadyExistsException):
            client("iam").create_role(RoleName="AWSServiceRoleForBatch", AssumeRolePolicyDocument="{}")
        yield Aws(client=client, region=region, account=ACCOUNT)


@contextmanager
def served(port: int = 0) -> Iterator[str]:
    """The address at which other processes reach the account of the surrounding context."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        _, chosen = server.get_host_and_port()
        yield f"http://127.0.0.1:{chosen}"
    finally:
        server.stop()
