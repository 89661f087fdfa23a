"""A model that answers nonsense: to rehearse what a stack does, and which alarms say so, when a model goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headway_rehearsal.localhost import Answering, local_server

ANSWER = {"label": "lorem ipsum", "scores": {}}
"""To whatever it is asked: in no class that anybody knows, and sure of nothing."""


class _Handler(Answering):
    """The two routes of the contract."""

    def do_GET(self) -> None:  # noqa: N802
        """Healthy, as such models are."""
        self.reply(200, {})

    def do_POST(self) -> None:  # noqa: N802
        """As many answers as were asked for."""
        asked = self.asked()
        self.reply(200, [ANSWER] * len(asked) if isinstance(asked, list) else ANSWER)


@contextmanager
def nonsense_server() -> Iterator[str]:
    """Its address on localhost, as long as the context lasts."""
    with local_server(_Handler) as address:
        yield address
