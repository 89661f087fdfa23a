"""A Candidate: one architecture's best design for a workload with its bill and waits, or the reason there is none."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, computed_field

from headway.architectures.design import Wait
from headway.architectures.hybrid_design import Design
from headway.bill.lines import Bill, Range
from headway.units import Money, to_decimal


class Result(BaseModel):
    """A frozen value that is written out; what it computes is written too and passed over when read back."""

    model_config = ConfigDict(frozen=True)


class Operations(Result):
    """People's time a month."""

    hours: float
    hourly_cost: Money

    @computed_field  # type: ignore[prop-decorator]
    @property
    def monthly(self) -> Money:
        """US dollars a month."""
        return to_decimal(self.hours) * self.hourly_cost


class BacklogRun(Result):
    """The one-off pile of work: how this design gets through it, billed apart from the month."""

    items: int
    within_s: float
    takes_s: float
    workers: int
    bill: Bill


class Candidate(Result):
    """One architecture's best design for a profile, or the reason there is none."""

    architecture: str
    feasible: bool
    reason: str
    """Why it is not feasible, then (set by selection) why it lost or won."""
    comparable: bool = True
    design: Design | None = None
    bill: Bill | None = None
    wait: Wait | None = None
    operations: Operations
    utilization: float | None = None
    """Busy over paid seconds; None where nothing is paid while idle (serverless)."""
    monthly_requests: float
    backlog: BacklogRun | None = None
    first_load: BacklogRun | None = None
    """What is computed once before the first request, billed apart from the month."""
    facts: tuple[str, ...] = ()
    """What a reader should know of the design, in plain words and numbers."""
    assumptions: tuple[str, ...] = ()
    """Names in the table of assumptions that this candidate rests on."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def monthly(self) -> Range | None:
        """The month's AWS bill, without operations and without what is unpriced."""
        return None if self.bill is None else self.bill.total
