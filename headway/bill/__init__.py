"""The bill: usage in, lines out, with AWS's own rounding, tiers and chunking; unknown is never zero.

Prices usage; never decides how much is used.
"""

from headway.bill.catalogue import CATALOGUE, price
from headway.bill.coverage import Coverage, coverage
from headway.bill.lines import Bill, Line, Range
from headway.bill.pricing import Pricing

__all__ = ["CATALOGUE", "Bill", "Coverage", "Line", "Pricing", "Range", "coverage", "price"]
