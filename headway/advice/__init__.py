"""What a plan teaches beyond its choice: what waiting costs, what else is worth knowing or paying, and how sure it is.

Works on plans; never on resources. The command joins it to a plan, which holds none of it.
"""

from headway.advice.break_evens import BreakEven, break_evens
from headway.advice.commitments import Commitment, commitments
from headway.advice.curve import CurvePoint, cost_of_waiting
from headway.advice.finding import Advice
from headway.advice.information import Information, information
from headway.advice.joined import Joined, join
from headway.advice.migration import OneOff, one_off
from headway.advice.mistakes import advise
from headway.advice.robustness import Case, robustness
from headway.advice.scales import at_scale
from headway.advice.waterfall import Step, waterfall

__all__ = [
    "Advice", "BreakEven", "Case", "Commitment", "CurvePoint", "Information", "Joined", "OneOff", "Step", "advise",
    "at_scale", "break_evens", "commitments", "cost_of_waiting", "information", "join", "one_off", "robustness",
    "waterfall",
]  # fmt: skip
