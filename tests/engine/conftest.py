"""Stacks on the real engine. Without one the tests skip and say why; HEADWAY_REQUIRE_ENGINE=1 makes that a failure.

``make_stack(program, config)`` gives an `EngineStack` over an account of its own, or over ``aws`` where one is given;
everything is taken down when the test ends.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_rehearsal.engine import EngineStack, engine_stack
from headway_rehearsal.engine_binary import Engine, find_engine
from headway_rehearsal.resources.base import Aws

MakeStack = Callable[..., EngineStack]


@pytest.fixture(scope="session")
def engine() -> Engine:
    found = find_engine(Path.cwd())
    if found is None:
        how = "`make engine` builds one" if shutil.which("go") else "none on the path, and no Go to build one with"
        reason = f"no Pulumi engine: {how}"
        if os.environ.get("HEADWAY_REQUIRE_ENGINE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def make_stack(engine: Engine) -> Iterator[MakeStack]:
    # What is there already is not looked through again as the test ends.
    gc.freeze()
    with ExitStack() as open_stacks:

        def make(
            program: Callable[[], Any], config: Mapping[str, Any] | None = None, *, aws: Aws | None = None,
            region: str = "us-east-1", **more: Any,
        ) -> EngineStack:  # fmt: skip
            where = aws or open_stacks.enter_context(account(region))
            return open_stacks.enter_context(engine_stack(program, config, aws=where, engine=engine, **more))

        yield make
    # A program that the engine broke off leaves coroutines: collected here, their complaints are this test's.
    gc.collect()
