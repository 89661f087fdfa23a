"""What a plan teaches beyond its choice: what waiting costs, and when another architecture would be right.

Works on plans; never on resources. The command joins it to a plan, which holds none of it.
"""

from headway.advice.break_evens import BreakEven, break_evens
from headway.advice.curve import CurvePoint, cost_of_waiting
from headway.advice.mistakes import Advice, advise
from headway.advice.waterfall import Step, waterfall

__all__ = ["Advice", "BreakEven", "CurvePoint", "Step", "advise", "break_evens", "cost_of_waiting", "waterfall"]
