"""Any profile that a user could write: valid, and as odd as it can be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

HARDWARE = ("m5.large", "m5.xlarge", "c5.2xlarge", "g4dn.xlarge", "g5.xlarge", "g5.2xlarge", "g5.12xlarge", "p3.2xlarge",
            "serverless-2GB", "serverless-6GB")  # fmt: skip


def _spread(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers whose orders of magnitude are equally likely."""
    from math import exp, log

    return st.floats(log(low), log(high)).map(lambda power: float(f"{exp(power):.4g}"))


def _time(low: float, high: float) -> st.SearchStrategy[str]:
    """Durations, in seconds."""
    return _spread(low, high).map(lambda seconds: f"{seconds:.6f}s")


@st.composite
def measurements(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One or more kinds of hardware, each with one or more batch sizes; bigger batches never quicker."""
    found: list[dict[str, Any]] = []
    for hardware in draw(st.lists(st.sampled_from(HARDWARE), min_size=1, max_size=3, unique=True)):
        seconds, variability = draw(_spread(1e-3, 3600)), draw(st.floats(0, 3) | st.just(0.3))
        concurrency = draw(st.sampled_from((1, 1, 1, 2, 8, 64)))
        for batch in sorted({1, *draw(st.lists(st.sampled_from((2, 8, 32, 256)), max_size=2))}):
            seconds = seconds if batch == 1 else seconds * draw(st.floats(1, batch**0.9))
            found.append(
                {
                    "hardware": hardware,
                    "batch": batch,
                    "seconds": seconds,
                    "variability": variability,
                    "concurrency": concurrency,
                }
            )
    return found


@st.composite
def traffics(draw: st.DrawFn) -> dict[str, Any]:
    """Evenly, by a shape, hour by hour, or on a schedule."""
    rate = _spread(0.02, 200_000)
    kind = draw(st.sampled_from(("per_hour", "per_day", "shape", "hourly", "scheduled")))
    found: dict[str, Any] = {}
    if kind in {"per_hour", "per_day"}:
        found[kind] = draw(rate | st.just(0.0))
    elif kind == "shape":
        found[kind] = [
            {"days": "weekdays", "hours": "08-18", "per_hour": draw(rate)},
            {"per_hour": draw(rate | st.just(0.0))},
        ]
    elif kind == "hourly":
        week = [draw(rate), draw(rate), draw(st.just(0.0) | rate)]
        found[kind] = [week[draw(st.integers(0, 2))] for _ in range(24)] * 7
    else:
        found[kind] = [
            {"items": draw(st.integers(1, 1_000_000)), "at": "02:30", "every_weeks": draw(st.sampled_from((1, 4)))}
        ]
    if draw(st.booleans()):
        found["peak_factor"] = draw(st.floats(1, 20))
    if draw(st.booleans()):
        found["arrival_variability"] = draw(_spread(0.2, 20))
    if kind != "scheduled":
        found["predictable"] = draw(st.booleans())
        if draw(st.integers(0, 7)) == 0:
            found["backlog"] = {"items": draw(st.integers(1, 1_000_000)), "within": "48h"}
    if draw(st.integers(0, 7)) == 0:
        found["cycles"] = {"days_of_month": {draw(st.sampled_from([1, 31, -1])): draw(st.floats(0.1, 5))}}
    return found


@st.composite
def latencies(draw: st.DrawFn) -> dict[str, Any]:
    """How long people can wait; perhaps another time at night, perhaps by the morning."""
    found: dict[str, Any] = {
        "max_wait": draw(_time(0.05, 7 * 86_400)),
        "percentile": draw(st.sampled_from((50, 90, 95, 99, 99.9))),
    }
    if draw(st.integers(0, 3)) == 0:
        found["schedule"] = [{"days": "weekend", "max_wait": draw(_time(1, 86_400))}]
    if draw(st.integers(0, 7)) == 0:
        found["ready_by"] = {"time": "08:00", "arrived_by": "06:00", "days": "weekdays"}
    return found


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """A whole profile."""
    found: dict[str, Any] = {
        "name": "any", "latency": draw(latencies()), "traffic": draw(traffics()),
        "model": {
            "measured": draw(measurements()), "load_time": draw(_time(1, 1800)),
            "request": f"{draw(_spread(10, 9e8)):.0f}B", "response": f"{draw(_spread(1, 1e7)):.0f}B",
        },
        "team": {"complexity_tolerance": draw(st.sampled_from(("low", "medium", "high"))), "hourly_cost": draw(st.sampled_from((0, 95)))},
        "availability": draw(st.sampled_from(("standard", "standard", "high"))),
    }  # fmt: skip
    if draw(st.integers(0, 4)) == 0 and "scheduled" not in found["traffic"]:
        share = draw(st.floats(0.01, 0.99))
        found["tiers"] = [
            {
                "name": "first",
                "share": share,
                "when": {"field": "who", "equals": "first"},
                "max_wait": draw(_time(0.5, 3600)),
            },
            {"name": "rest", "share": 1 - share, "max_wait": draw(_time(5, 86_400))},
        ]
    if draw(st.integers(0, 5)) == 0:
        found["precompute"] = {
            "candidates": draw(st.integers(1, 1_000_000)),
            "hit_rate": draw(st.floats(0.01, 0.99)),
            "refresh": "24h",
            "bytes": "4KB",
        }
    if draw(st.integers(0, 5)) == 0:
        found["features"] = {
            "stable_share": draw(st.floats(0.05, 0.95)), "entities": draw(st.integers(1, 10_000_000)), "bytes": "2KB",
            "freshness": "24h", "changed_share": draw(st.floats(0.01, 1)),
        }  # fmt: skip
    return found
