"""Design of the account: who counts that every request accepted is finished, waiting or dead."""

from __future__ import annotations

from headway.architectures.value import Value


class WatchdogDesign(Value):
    """A function that counts once in a while: what was accepted is finished, waiting or dead."""

    memory_mb: int
    every_s: int
    timeout_s: int = 60
    most_unaccounted: int
    """Requests of a day by which the counts may differ: CloudWatch's and SQS's counts are not exact."""
    probe_s: float = 0.0
    """Expected time of the probes that it asks of an endpoint each time; 0: it asks none."""


def accounting(watchdog: WatchdogDesign | None) -> dict[str, int]:
    """The watchdog's alarm."""
    return {"unaccounted": 1} if watchdog else {}
