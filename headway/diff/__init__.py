"""What a change does to every environment's bill: two sides read, compared, and held against limits.

A side is what its stacks would run. Reads git and files; never writes, never touches the working tree.
"""

from headway.diff.between import between
from headway.diff.change import Diff, LineChange, Snapshot, StackChange
from headway.diff.compare import compare
from headway.diff.limits import Limit
from headway.diff.preview import cover, read_preview
from headway.diff.sides import StackSide, read_side, read_sides
from headway.diff.sources import Source, open_source

__all__ = [
    "Diff", "Limit", "LineChange", "Snapshot", "Source", "StackChange", "StackSide", "between", "compare", "cover",
    "open_source", "read_preview", "read_side", "read_sides",
]  # fmt: skip
