"""How long planning, loading prices and rehearsing take: seconds, and as ratios to a yardstick of the same run.

The yardstick is a Python process that imports the libraries that planning stands on: machines differ, ratios less.
Run with `make bench`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))
LOANS = "stacks/profiles/loan-documents.yaml"
TIERS = "stacks/profiles/moderation.yaml"
DIFF = ("-m", "headway.cli", "diff", ".", ".")
REPORT = ("-m", "headway.cli", "report", "--out", "/dev/null")


def seconds(work: Callable[[], object], times: int) -> float:
    """The median of several runs."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def process(*arguments: str) -> Callable[[], object]:
    """A Python process."""
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def warm_plans() -> tuple[float, str]:
    """The slowest bundled profile's plan, everything loaded and nothing cached of another profile's."""
    from headway import load_profile, plan

    loaded = {path.stem: load_profile(path) for path in PROFILES}
    took = {}
    for name, profile in loaded.items():
        plan(profile)
        took[name] = seconds(lambda profile=profile: plan(profile), 9)  # type: ignore[misc]
    slowest = max(took, key=lambda name: took[name])
    return took[slowest], slowest


def load_prices() -> None:
    """The price book from its file."""
    from headway.prices import book

    book._load.cache_clear()
    book.load_book()


def main() -> None:
    """Measure and print."""
    yardstick = seconds(process("-c", "import numpy, pydantic, rich, typer, ruamel.yaml"), 7)
    plan_s, slowest = warm_plans()
    rows = [
        ("yardstick: Python and its libraries", yardstick, None),
        ("prices loaded", seconds(load_prices, 9), 0.050),
        (f"warm plan, slowest profile ({slowest})", plan_s, 0.100),
        ("headway plan, as a process", seconds(process("-m", "headway.cli", "plan", LOANS), 7), 0.8),
        (
            "headway diff, three environments, as a process",
            seconds(process("-m", "headway.cli", "diff", ".", "."), 5),
            1.5,
        ),
        ("headway report, as a process", seconds(process(*REPORT, LOANS), 3), 3.0),
        ("headway report, tiers, as a process", seconds(process(*REPORT, TIERS), 3), 3.0),
        ("headway rehearse, 20 requests, as a process", seconds(process("-m", "headway.cli", "rehearse"), 3), 5.0),
    ]
    print(f"{'':50}{'seconds':>9}{'goal':>7}{'x yardstick':>13}")
    for what, took, goal in rows:
        shown = "" if goal is None else f"{goal:g}"
        print(f"{what:50}{took:>9.3f}{shown:>7}{took / yardstick:>13.2f}")


if __name__ == "__main__":
    main()
