"""The gRPC server that the engine attaches to as ``aws``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from threading import RLock
from typing import Any, NoReturn

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from headway_rehearsal.engine_binary import LARGEST_MESSAGE
from headway_rehearsal.provider.described import declared_as
from headway_rehearsal.provider.differences import UNKNOWN, Change, differences
from headway_rehearsal.provider.types import arguments_of, unknown
from headway_rehearsal.provider.wire import message, plain, with_assets
from headway_rehearsal.resources import TABLE, ResourceType, invoke
from headway_rehearsal.resources.base import Aws
from headway_rehearsal.resources.tags import read_tags, write_tags
from headway_rehearsal.values import UnknownPropertyError

VERSION = version("pulumi-aws")
MISSING = ("NotFound", "NoSuch", "NonExistent", "does not exist", "Could not find", "not found", "Unknown")
"""How AWS's errors say that a resource is not there."""
NOT_FOUND = 404


@dataclass
class Failures:
    """Resources that fail on demand, by logical name: a stand-in for whatever AWS refuses on the day.

    >>> failures = Failures()
    >>> failures.next("documents-requests", times=1)
    >>> failures.take("documents-requests"), failures.take("documents-requests")
    (True, False)
    """

    left: dict[str, int] = field(default_factory=dict)

    def next(self, name: str, *, times: int = 1) -> None:
        """The next ``times`` that this resource is made, updated or deleted, that fails."""
        self.left[name] = times

    def take(self, name: str) -> bool:
        """Whether this one fails."""
        if self.left.get(name, 0) <= 0:
            return False
        self.left[name] -= 1
        return True

    @staticmethod
    def said(name: str) -> str:
        """What the engine is told where it fails."""
        return f"{name} fails, as was asked for"


@contextmanager
def attached(aws: Aws, failures: Failures | None = None) -> Iterator[int]:
    """The port at which a provider over the account listens: ``PULUMI_DEBUG_PROVIDERS=aws:PORT``."""
    options = [("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(aws, failures or Failures()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


def removed(aws: Aws, held: Mapping[str, Any]) -> None:
    """Delete a resource in AWS behind the engine's back, by its row of the engine's state; buckets are emptied."""
    row, state = TABLE[held["type"]], held["outputs"]
    row.delete(aws, _identity(row, held["id"], state), {**state, "forceDestroy": True})


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine from the resource table. One call at a time: moto is not made for more."""

    def __init__(self, aws: Aws, failures: Failures) -> None:
        self.aws, self.failures, self.one = aws, failures, RLock()

    # What the engine asks once.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the engine asks older providers without it")

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": VERSION}))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        region = request.variables.get("aws:config:region") or request.args.fields["region"].string_value
        if region and region != self.aws.region:
            _refuse(context, f"this AWS is in {self.aws.region}; aws:region is {region}")
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with self._told(context, request.tok):
            return provider_pb2.InvokeResponse(
                **{"return": message(invoke(self.aws, request.tok, plain(request.args)))}
            )

    # What it asks of every resource.

    def Check(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        token = _type(request)
        self._row(token, context)
        problems = [
            provider_pb2.CheckFailure(property=where, reason=f"{where}: pulumi-aws knows no such property")
            if not where.endswith("is missing")
            else provider_pb2.CheckFailure(reason=where)
            for where in unknown(arguments_of(token), plain(request.news), token)
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=problems)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        row = self._row(_type(request), context)
        old, new = plain(request.old_inputs), plain(request.news)
        changes = differences(row, old, new)
        replaces = [change.path for change in changes if change.replaces]
        kept_name = row.named is not None and new.get(row.named) and new[row.named] == old.get(row.named)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({_top(change.path) for change in changes}),
            replaces=sorted({_top(path) for path in replaces}),
            deleteBeforeReplace=bool(replaces and kept_name),
            detailedDiff={change.path: _kind(change) for change in changes},
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        row, inputs, name = self._row(_type(request), context), plain(request.properties), _name(request)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        with self._told(context, request.urn):
            self._fail_on_demand(name, context)
            made = row.create(self.aws, name, with_assets(inputs))
            return provider_pb2.CreateResponse(id=made.id, properties=message({**inputs, **made.outputs}))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        row, name = self._row(_type(request), context), _name(request)
        old, new, state = plain(request.old_inputs), plain(request.news), plain(request.olds)
        outputs = {key: value for key, value in state.items() if key not in old}
        if request.preview:
            renewed = dict.fromkeys(row.renews, UNKNOWN)
            return provider_pb2.UpdateResponse(properties=message({**outputs, **new, **renewed}))
        with self._told(context, request.urn):
            self._fail_on_demand(name, context)
            if row.refuses is not None and (reason := row.refuses(self.aws, request.id, old, new)):
                _refuse(context, reason)
            identity = _identity(row, request.id, state)
            told: dict[str, Any] = {}
            if row.update is not None and any(_top(change.path) != "tags" for change in differences(row, old, new)):
                told = row.update(self.aws, identity, with_assets(old), with_assets(new))
            write_tags(self.aws, row.token, identity, {**state, **outputs, **told}, old, new)
            return provider_pb2.UpdateResponse(properties=message({**outputs, **new, **told}))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        row, state = self._row(_type(request), context), plain(request.properties)
        inputs = plain(request.inputs)
        if not state:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.urn}: this provider does not import")
        with self._told(context, request.urn):
            identity = _identity(row, request.id, state)
            try:
                description = row.read(self.aws, identity)
            except (KeyError, IndexError, StopIteration):
                return provider_pb2.ReadResponse()
            except ClientError as error:
                if _is_missing(error):
                    return provider_pb2.ReadResponse()
                raise
            now = declared_as(row, inputs, description)
            tags = read_tags(self.aws, row.token, identity, state)
            if tags is not None and inputs.get("tags") is not None:
                now["tags"] = tags
            return provider_pb2.ReadResponse(
                id=request.id, properties=message({**state, **now}), inputs=message(now)
            )  # fmt: skip

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        row, state = self._row(_type(request), context), plain(request.properties)
        with self._told(context, request.urn):
            self._fail_on_demand(_name(request), context)
            if row.refuses is not None and (reason := row.refuses(self.aws, request.id, state, {})):
                _refuse(context, reason)
            identity = _identity(row, request.id, state)
            try:
                row.delete(self.aws, identity, state)
            except (KeyError, IndexError, StopIteration):
                pass
            except ClientError as error:
                if not _is_missing(error):
                    raise
            return empty_pb2.Empty()

    def _row(self, token: str, context: Any) -> ResourceType:
        row = TABLE.get(token)
        if row is None:
            _refuse(context, f"{token} is not in the resource table")
        return row

    def _fail_on_demand(self, name: str, context: Any) -> None:
        if self.failures.take(name):
            _refuse(context, Failures.said(name))

    @contextmanager
    def _told(self, context: Any, what: str) -> Iterator[None]:
        """One call at a time; what the account refuses becomes the engine's error."""
        with self.one:
            try:
                yield
            except (UnknownPropertyError, ClientError, BotoCoreError, KeyError, NotImplementedError) as error:
                _refuse(context, f"{what.rsplit('::', 1)[-1]}: {error}")


def _is_missing(error: ClientError) -> bool:
    """Whether AWS says that the resource is not there: by its words, or, where it has none (S3), by its status."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == NOT_FOUND or any(word in str(error) for word in MISSING)


def _refuse(context: Any, reason: str) -> NoReturn:
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, reason)
    raise AssertionError("abort raises")


def _type(request: Any) -> str:
    """A resource's type from its URN (older engines do not say it apart)."""
    return str(request.urn).split("::")[2].rsplit("$", 1)[-1]


def _identity(row: ResourceType, identity: str, state: Mapping[str, Any]) -> str:
    return "/".join(str(state[name]) for name in row.known_by) or identity


def _name(request: Any) -> str:
    return str(request.urn).split("::", 3)[3]


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def _kind(change: Change) -> Any:
    kinds = provider_pb2.PropertyDiff
    return provider_pb2.PropertyDiff(kind=kinds.UPDATE_REPLACE if change.replaces else kinds.UPDATE, inputDiff=True)
