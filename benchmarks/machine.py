"""Where and when something was measured."""

from __future__ import annotations

import os
import platform
from datetime import date


def machine() -> str:
    """Cores, kind, Python, date."""
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {date.today()}"
