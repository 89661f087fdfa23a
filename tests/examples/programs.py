"""The examples that are programs of a team's own."""

import runpy
from collections.abc import Callable
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = ("inline_inference", "spot_batch_in_vpc", "tiered_own_router")


def program_of(example: str) -> Callable[[], None]:
    """The example's program, as Pulumi runs it."""

    def program() -> None:
        runpy.run_path(str(EXAMPLES / example / "__main__.py"))

    return program
