"""Design of output validation: what answers are held against, and which share of doubtful ones is too large."""

from __future__ import annotations

from pydantic import JsonValue

from headway.architectures.promise import METRICS
from headway.architectures.value import Value


class ShareWatch(Value):
    """A share of a window's answers that is too large."""

    window_s: int
    most: float


class ValidationDesign(Value):
    """How answers are checked; what the component hands to the runtime, and its alarms."""

    document: dict[str, JsonValue]
    """``{schema, confidence, probes}``, as the runtime reads it."""
    doubtful: ShareWatch
    breaking: ShareWatch | None = None
    """Of answers that break the schema; None without one."""

    @property
    def probes(self) -> int:
        """How many there are."""
        found = self.document["probes"]
        return len(found) if isinstance(found, list) else 0

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms on answers, each with the metrics it looks at: a share and how many answers it is of."""
        names = {"doubtful-answers": True, "schema-breaks": self.breaking is not None}
        shares = {name: METRICS for name, made in names.items() if made}
        return shares | ({"failed-probes": 1} if self.probes else {})

    @property
    def metrics(self) -> tuple[str, ...]:
        """Custom metrics of answers."""
        names = {"Doubtful": True, "SchemaBreaks": self.breaking is not None, "FailedProbes": self.probes > 0}
        return tuple(name for name, made in names.items() if made)


def checking(validation: ValidationDesign | None) -> dict[str, int]:
    """The alarms on answers."""
    return validation.alarms if validation else {}
