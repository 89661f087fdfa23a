"""Designs of a router, of a table beside it, and of the ladder that answers where a live part fails."""

from __future__ import annotations

from pydantic import JsonValue

from headway.architectures.account_watch import WatchdogDesign, accounting
from headway.architectures.answer_watch import ValidationDesign, checking
from headway.architectures.value import BurnRate, Value
from headway.profile.fallback import Rung

LONGEST_RETENTION_S = 1_209_600
"""14 days, the longest that SQS keeps a message (Amazon SQS Developer Guide, quotas): an endpoint may be down for long,
and what waits in a queue whose workers went with a change of plan must still be there to go back to."""


class TableDesign(Value):
    """A DynamoDB table on demand, whose rows expire."""

    item_bytes: int
    """Of one row: its key, its value, what surrounds them."""
    expires_s: int
    """Age at which a row is no longer given out, and later deleted."""


class RouterQueue(Value):
    """The router's own queue: what fell back to it is asked again, and whoever sends to it needs no API."""

    queue_retention_s: int = LONGEST_RETENTION_S
    visibility_timeout_s: int
    max_receives: int = 1000
    """The most that a queue counts (Amazon SQS Developer Guide): what waits for an endpoint is no dead letter."""
    batch_size: int
    """Messages one call of the function is given: about half of what it has time for."""
    max_concurrency: int
    """Messages asked at once: what waited shall not crowd out those who wait now."""
    oldest_s: int
    """Age of the oldest message at which somebody is told."""


def reserved_s(wait_s: float, share: float, most_s: float) -> float:
    """Seconds of a wait that a ladder keeps for itself: within the rest the live part has to answer."""
    return min(most_s, share * wait_s)


class LadderDesign(Value):
    """What a live part that fails is answered with, in the order of ``rungs``."""

    rungs: tuple[Rung, ...]
    reserve_share: float
    """Of the wait, kept for the ladder itself: within the rest the live part has to answer."""
    reserve_s: float
    """The same, at the most."""
    watch: BurnRate
    """The share of a window's requests that the ladder may answer before somebody is told."""
    cache: TableDesign | None = None
    """Last good answers."""
    queue: RouterQueue | None = None
    watchdog: WatchdogDesign | None = None
    """Who counts what was queued: a ticket is a promise."""
    default: JsonValue = None

    def reserve(self, wait_s: float) -> float:
        """Seconds of a wait that are the ladder's.

        >>> ladder = LadderDesign(rungs=("default",), reserve_share=0.1, reserve_s=0.5,
        ...                       watch=BurnRate(window_s=300, late_share=0.1))
        >>> ladder.reserve(2.0), ladder.reserve(60.0)
        (0.2, 0.5)
        """
        return reserved_s(wait_s, self.reserve_share, self.reserve_s)


class RouterDesign(Value):
    """An HTTP API and the function behind it, which sends each request its way."""

    memory_mb: int
    timeout_s: int
    ladder: LadderDesign | None = None
    validation: ValidationDesign | None = None
    """How the answers of live parts are checked; None where the profile does not say."""

    @property
    def queue(self) -> RouterQueue | None:
        """Its own queue, where it has one."""
        return self.ladder.queue if self.ladder else None

    @property
    def cache(self) -> TableDesign | None:
        """Its table of last good answers, where it has one."""
        return self.ladder.cache if self.ladder else None

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms that watch it, each with the metrics it looks at."""
        watched = {"router-errors": 1} | ({"degraded": 2} if self.ladder else {})
        if self.queue:
            watched |= {"router-queue-errors": 1, "router-queue-age": 2, "router-dead-letters": 1}
        counted = accounting(self.ladder.watchdog) if self.ladder else {}
        return watched | counted | checking(self.validation)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Custom metrics of its ladder: the function emits these, the bill charges for these."""
        if self.ladder is None:
            return ()
        counted = ("PromiseUsed", "Unaccounted") if self.ladder.watchdog else ()
        return ("Degraded", *(("QueuedFor",) if self.queue else ()), *counted)
