"""How long planning, loading prices and rehearsing take: seconds, and as ratios to a yardstick of the same run.

The yardstick is a Python process that imports the libraries that planning stands on: machines differ, ratios less.
Run with `make bench`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import peers, worker
from benchmarks.machine import machine

RESULTS = Path("benchmarks/RESULTS.md")
PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))
LOANS = "stacks/profiles/loan-documents.yaml"
TIERS = "stacks/profiles/moderation.yaml"
DIFF = ("-m", "headway.cli", "diff", ".", ".")
LOOK_UPS = 10_000
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


def price_look_up() -> Callable[[], object]:
    """As many prices of instances."""
    from headway.prices import load_book

    book = load_book()
    return lambda: [book.instance("us-east-1", "g5.xlarge", "spot") for _ in range(LOOK_UPS)]


def month() -> tuple[Callable[[], object], str]:
    """Four weeks of the busiest bundled profile of one endpoint, followed request by request."""
    from headway import load_profile, plan
    from headway.simulation import generated, replay
    from headway.traffic import build_demand

    profile = load_profile("stacks/profiles/fraud-check.yaml")
    design, demand = plan(profile).design, build_demand(profile)
    if design is None:
        raise AssertionError("fraud-check has a design")
    replay(design, generated(demand, weeks=0.01), profile)
    return lambda: replay(design, generated(demand, weeks=4), profile), f"{demand.per_week * 4 / 1e6:.0f} million"


def peak_mb(weeks: int) -> float:
    """Most memory of a process that follows so many weeks."""
    script = (
        "import resource; from headway import load_profile, plan; from headway.simulation import generated, replay; "
        "from headway.traffic import build_demand; p = load_profile('stacks/profiles/fraud-check.yaml'); "
        f"replay(plan(p).design, generated(build_demand(p), weeks={weeks}), p); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return int(done.stdout) / (1024 if sys.platform == "linux" else 1024 * 1024)


def known_prices() -> Callable[[], object]:
    """The yardstick of a look-up: as many in a dictionary that knows nothing else."""
    found = {("us-east-1", "g5.xlarge", "spot"): 0.4}
    return lambda: [found["us-east-1", "g5.xlarge", "spot"] for _ in range(LOOK_UPS)]


def cold_plan() -> float:
    """The first plan in a process that has imported everything: nothing is cached."""
    script = (
        f"import time; from headway import load_profile, plan; from headway.planning.search import plan; p = load_profile({LOANS!r}); "
        "t = time.perf_counter(); plan(p); print(time.perf_counter() - t)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True) for _ in range(5)
    ]
    return statistics.median(float(one.stdout) for one in runs)


def main() -> None:
    """Measure, print, and keep the results."""
    # Processes find their bytecode, as after an installation: the first of each kind writes it, the median is of those after.
    with TemporaryDirectory() as bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        _measure()


def _measure() -> None:
    yardstick = seconds(process("-c", "import numpy, pydantic, rich, typer, ruamel.yaml"), 7)
    plan_s, slowest = warm_plans()
    follow, requests = month()
    rows = [
        ("yardstick: Python and its libraries", yardstick, None),
        ("prices loaded", seconds(load_prices, 9), 0.050),
        ("cold plan, in a process that has imported it", cold_plan(), None),
        (f"warm plan, slowest profile ({slowest})", plan_s, 0.100),
        ("headway --help, as a process", seconds(process("-m", "headway.cli", "--help"), 7), None),
        ("headway plan, as a process", seconds(process("-m", "headway.cli", "plan", LOANS), 7), 0.8),
        ("headway diff, three environments, as a process", seconds(process(*DIFF), 5), 1.5),
        ("headway report, as a process", seconds(process(*REPORT, LOANS), 3), 3.0),
        ("headway report, tiers, as a process", seconds(process(*REPORT, TIERS), 3), 3.0),
        ("headway rehearse, 20 requests, as a process", seconds(process("-m", "headway.cli", "rehearse"), 3), 5.0),
        (f"replay of four weeks, {requests} requests", seconds(follow, 1), 60.0),
    ]
    lines = ["| | seconds | goal | x yardstick |", "|---|---:|---:|---:|"]
    for what, took, goal in rows:
        lines.append(f"| {what} | {took:.3f} | {'' if goal is None else f'{goal:g}'} | {took / yardstick:.2f} |")
    looked_up, known = seconds(price_look_up(), 9), seconds(known_prices(), 9)
    short, long = peak_mb(2), peak_mb(8)
    lines += [
        "",
        f"Prices looked up: {LOOK_UPS / looked_up / 1e6:.1f} million a second; in a plain dictionary that knows nothing else "
        f"{LOOK_UPS / known / 1e6:.1f} million ({looked_up / known:.1f} times as long).",
        "",
        f"Most memory of a replay: {short:.0f} MB for 2 weeks, {long:.0f} MB for 8 ({long / short:.2f} times).",
    ]
    queues = peers.measure()
    lines += ["", f"A queue of {peers.SERVERS} servers at {peers.LOAD:.0%} load, the same requests for each:", ""]
    lines += ["| | requests/s | Headway's, as many times | p99, s | Headway's p99, s |", "|---|---:|---:|---:|---:|"]
    for one in queues:
        times = queues[0].per_second / one.per_second
        lines.append(f"| {one.name} | {one.per_second:,.0f} | {times:,.0f} | {one.p99_s:.4f} | {one.same:.4f} |")
    lines += ["", f"A worker beside a model of {worker.MODEL_S * 1000:.0f} ms a batch, the queue full (goal 95 %):", ""]
    lines += [
        "| batches of | model busy | a call under way | fetched, called, written in turn |",
        "|---:|---:|---:|---:|",
    ]
    # A worker has a process of its own, without the heap that all of the above left here.
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        measured = list(alone.map(worker.measure, (1, 8)))
    for busy in measured:
        lines.append(f"| {busy.batch} | {busy.worker:.1%} | {busy.calling:.1%} | {busy.in_turn:.1%} |")
    print("\n".join(lines))
    head = f"# Benchmarks\nWritten by `make bench`: {machine()}. Machines differ: look at the ratios.\n\n"
    RESULTS.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
