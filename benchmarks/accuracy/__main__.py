"""``make accuracy [TRACES=folder] [PROFILES=500]``: measures, and writes benchmarks/ACCURACY.md from what it measured."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.accuracy import brute, tokens, unseen
from benchmarks.accuracy.weeks import PACKED, Ints, Split, read_weeks
from benchmarks.machine import machine

REPORT = Path("benchmarks/ACCURACY.md")


def main() -> None:
    """Every part; those whose trace is not there say so."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--traces", type=Path, default=None, help="a folder with the traces")
    options.add_argument("--profiles", type=int, default=500, help="random profiles that are tried in full")
    chosen = options.parse_args()
    started = time.perf_counter()
    read = tokens.read(chosen.traces or PACKED.parent)
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        weeks = read_weeks(chosen.traces)
        by_split = [pool.submit(_rows, weeks, split) for split in unseen.SPLITS]
        rivals = [pool.submit(brute.compare_one, number) for number in range(chosen.profiles)]
        for done, _ in enumerate(as_completed([*by_split, *rivals]), start=1):
            _say(f"{done} of {len(by_split) + len(rivals)} parts")
    rows = [row for future in by_split for row in future.result()]
    compared = [one for future in rivals if (one := future.result()) is not None]
    judged = tokens.judge(*read) if read else []
    lines = report(rows, compared, judged, (time.perf_counter() - started) / 60)
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines[:40]))


def report(
    rows: list[unseen.Row], compared: list[brute.Compared], judged: list[tokens.Judged], minutes: float
) -> list[str]:
    """What benchmarks/ACCURACY.md says."""
    return [
        "# Accuracy",
        f"Written by `make accuracy`: {machine()}, {minutes:.0f} minutes. Every figure is measured by that command.",
        "",
        "## Weeks that the plan has not seen",
        "Requests a minute to a public web server over four weeks ([source](traces/README.md)). Planned from some weeks, "
        "replayed request by request on others; each architecture that fits, at three service times and four waits. "
        "Goals: 98 % of hours within the wait, p99 within 10 %, bill within 5 % (median) and 10 % (worst).",
        "",
        "*Model against replay* compares, for the planned design and the traffic that came, what the formulas say with "
        "what the replay found: the model's own error. *Bill as forecast* holds the error of the forecast too: the weeks "
        "differ by up to half in traffic, which no model of queues can know.",
        "",
        "The p99 is compared up to the rates that were sized for. Of instances "
        "sized hour by hour the hours whose busiest ten minutes were above the planned ones (launch days, up to four "
        "times the forecast) are left out of both sides; with them, below. The other columns hold every hour.",
        "",
        *unseen.summary(rows),
        "",
        *_outliers(rows),
        "## An hour of requests to a language model",
        *(
            [
                "Planned from the first half hour (busiest minute, variability of gaps, mean and variability of the time "
                "that the tokens take), replayed on the second. The times are not log-normal, as the formulas take them "
                "to be. The planned p99 is that of the busiest minute, so it bounds.",
                "",
                *tokens.table(judged),
            ]
            if judged
            else [f"Not measured: {tokens.NAME} is not there (TRACES=folder)."]
        ),
        "",
        "## The cheapest feasible against every design",
        "Goals: 5 % dearer at the median, 15 % at worst.",
        *brute.summary(compared),
        "",
        "<details><summary>Every plan on every unseen week</summary>",
        "",
        *unseen.details(rows),
        "",
        "</details>",
        "",
    ]  # fmt: skip


def _outliers(rows: list[unseen.Row]) -> list[str]:
    far = sorted((row for row in rows if abs(row.p99_error) > 0.1), key=lambda row: -abs(row.p99_error))
    beyond = [row for row in rows if row.hours_beyond]
    hours = sum(row.hours_beyond for row in beyond) / max(1, sum(row.hours for row in beyond))
    all_hours, as_told = (
        sum(abs(error) <= 0.1 for error in errors) / len(rows)
        for errors in ([row.p99_error_beyond for row in rows], [row.p99_error_told for row in rows])
    )
    said = [
        f"The p99 is within 10 % in {1 - len(far) / len(rows):.1%} of the replays{', furthest off:' if far else '.'}",
        *(_said(row, row.p99_sized_at_traffic_s, row.p99_sized_s) for row in far[:6]),
        "",
        f"{len(beyond)} replays have hours beyond the plan, {hours:.1%} of theirs. With these hours the p99 is within 10 % in "
        f"**{as_told:.1%}** of all replays where such a week comes as the model is told it, by each hour's mean and busiest ten "
        f"minutes ({unseen.TOLD_WEEKS} weeks of that), and in **{all_hours:.1%}** where it comes minute by minute as it did: the "
        "model carries a backlog from hour to hour and lets target tracking add, but two numbers an hour do not tell of "
        "several peaks in it, nor of minutes without an answer and the rush after them. One week is a draw: weeks that "
        "differ in nothing but when requests come differ as much. `headway simulate --trace` follows the minutes. "
        "Furthest off:",
    ]
    worst = sorted(rows, key=lambda row: -abs(row.p99_error_beyond))[:6]
    return [
        *said,
        *(
            _said(row, row.p99_at_traffic_s, row.p99_s)
            + (f"; as told {row.told.p99_s:,.1f} s, single weeks {_span(row.told.weeks_s)}" if row.told else "")
            for row in worst
        ),
        "",
    ]


def _span(seconds: Sequence[float]) -> str:
    return f"{min(seconds):,.1f} to {max(seconds):,.1f} s"


def _said(row: unseen.Row, model_s: float, replay_s: float) -> str:
    return (
        f"- {row.architecture}, {row.seconds:g} s, goal {row.goal}, week {row.week + 1}: {model_s:,.1f} s against "
        f"{replay_s:,.1f} s"
    )


def _rows(weeks: Sequence[Ints], split: Split) -> list[unseen.Row]:
    return list(unseen.rows(weeks, [split]))


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
