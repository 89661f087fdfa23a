"""Measure a running container for the profile: `python measure.py http://127.0.0.1:8080 --hardware g5.xlarge`.

Prints the `measured:` block: seconds a batch (mean, coefficient of variation, p50, p99) for each batch size.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import urllib.request
from pathlib import Path

from classifier import read_corpus


def seconds(url: str, bodies: list[dict[str, str]]) -> float:
    """What one invocation takes."""
    content = bodies[0] if len(bodies) == 1 else bodies
    request = urllib.request.Request(
        f"{url}/invocations", data=json.dumps(content).encode(), headers={"Content-Type": "application/json"}
    )
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()
    return time.perf_counter() - started


def main() -> None:
    """Measure each batch size after a warm-up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080")
    parser.add_argument("--hardware", default="m5.large", help="the instance type this runs on")
    parser.add_argument("--batches", default="1,8,32", help="batch sizes, comma separated")
    parser.add_argument("--times", type=int, default=100, help="invocations a batch size")
    given = parser.parse_args()
    texts = [{"text": text} for _, text in read_corpus(Path(__file__).parent / "corpus.tsv")]
    print("measured:")
    for size in (int(one) for one in given.batches.split(",")):
        bodies = (texts * (size // len(texts) + 1))[:size]
        seconds(given.url, bodies)
        took = sorted(seconds(given.url, bodies) for _ in range(given.times))
        mean = statistics.fmean(took)
        spread = statistics.pstdev(took) / mean
        print(
            f"  - {{hardware: {given.hardware}, batch: {size}, seconds: {mean:.5f}, variability: {spread:.2f}}}"
            f"  # p50 {took[len(took) // 2]:.5f} p99 {took[int(len(took) * 0.99)]:.5f}"
        )


if __name__ == "__main__":
    main()
