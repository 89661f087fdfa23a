"""Loops that numpy cannot vectorise, compiled where numba is there (extra ``simulation``), else run as they are.

A queue of several servers is one long recursion: each request's start depends on the one before. Compiled it takes tens
of nanoseconds a request, interpreted some microseconds; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import njit
except ImportError:
    COMPILED = False
else:
    COMPILED = True


def compiled(function: Function) -> Function:
    """The function as machine code, kept on disk between runs; itself without numba."""
    if not COMPILED:
        return function
    made: Any = njit(cache=True, nogil=True)(function)
    return cast("Function", made)
