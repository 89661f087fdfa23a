"""The bill: usage in, lines out, with AWS's own rounding, tiers and chunking; unknown is never zero.

Prices usage; never decides how much is used.
"""

from headway.bill.lines import Bill, Line, Range

__all__ = ["Bill", "Line", "Range"]
