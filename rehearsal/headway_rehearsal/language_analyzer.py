"""A policy pack in Python is told its stack by its environment; the engine says it only once the pack is there.

So something stands before the pack, as in Pulumi's own language host: it answers the engine, starts the pack when the
stack is known, and hands everything on as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2

from headway_rehearsal.engine_binary import LARGEST_MESSAGE

SERVICE = "/pulumirpc.Analyzer/"
SIZES = [(f"grpc.max_{way}_message_length", LARGEST_MESSAGE) for way in ("receive", "send")]

Start = Callable[[Mapping[str, str]], str]
"""Starts the pack with these variables beside the usual ones, and gives the address at which it answers."""


class Analyzer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Every call of the engine, for a pack that starts with the first that needs it."""

    def __init__(self, start: Start) -> None:
        self.start, self.starting = start, Lock()
        self.pack: grpc.Channel | None = None

    def service(self, details: Any) -> Any:
        """How one call is answered: by its bytes."""
        method = str(details.method)
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(method, request, context))

    def _answer(self, method: str, request: bytes, context: Any) -> bytes:
        if method == f"{SERVICE}Handshake":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "the engine asks older packs without it")
        variables = stack_variables(request) if method == f"{SERVICE}ConfigureStack" else {}
        with self.starting:
            if self.pack is None:
                self.pack = grpc.insecure_channel(self.start(variables), options=SIZES)
        try:
            answer: bytes = self.pack.unary_unary(method)(request)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
        return answer


def stack_variables(request: bytes) -> dict[str, str]:
    """What the engine says of the stack, as a pack reads it from its environment."""
    told = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request)
    found = {
        "PULUMI_CONFIG": json.dumps(dict(told.config)),
        "PULUMI_ORGANIZATION": told.organization,
        "PULUMI_PROJECT": told.project,
        "PULUMI_STACK": told.stack,
        "PULUMI_DRY_RUN": "true" if told.dry_run else "false",
    }
    return {name: value for name, value in found.items() if value}


@contextmanager
def standing_before(start: Start) -> Iterator[int]:
    """The port at which the engine finds the pack, as long as the context lasts."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8), handlers=(Analyzer(start),), options=SIZES)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None)
