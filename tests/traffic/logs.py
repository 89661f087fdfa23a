"""Logs made for tests: arrivals by hour of week, written as AWS writes them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

MONDAY = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
NOW = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
HOUR = 3600.0


def poisson(rate: Callable[[int], float], weeks: float, *, seed: int = 1) -> NDArray[np.float64]:
    """Times from Monday 2026-11-02 on; rate gives requests an hour by hour since then."""
    draw = np.random.default_rng(seed)
    hours = range(round(weeks * 168))
    return np.concatenate([
        MONDAY + hour * HOUR + np.sort(draw.random(draw.poisson(rate(hour)))) * HOUR for hour in hours
    ])  # fmt: skip


def office(hour: int) -> float:
    """200 an hour on weekdays from 8 to 18, four else."""
    return 200.0 if hour % 168 < 120 and 8 <= hour % 24 < 18 else 4.0


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def alb(times: Iterable[float], *, took: float = 0.5, received: int = 2000, sent: int = 300) -> str:
    """Entries of an Application Load Balancer's access log, as AWS's own example has them."""
    return "".join(
        f"https {iso(moment + took)} app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 "
        f'0.000 {took:.3f} 0.000 200 200 {received} {sent} "POST https://www.example.com:443/classify HTTP/1.1" '
        '"curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
        "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "
        f'"Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "-" 1 {iso(moment)} "forward" "-" "-" '
        '"10.0.0.1:80" "200" "-" "-"\n'
        for moment in times
    )


def clf(times: Iterable[float]) -> str:
    """API Gateway's access log in common log format."""
    return "".join(
        f"203.0.113.7 - - [{datetime.fromtimestamp(moment, UTC):%d/%b/%Y:%H:%M:%S} +0000] "
        f'"POST /requests HTTP/1.1" 200 512 a1b2c3\n'
        for moment in times
    )


def json_lines(times: Iterable[float]) -> str:
    """API Gateway's access log in JSON."""
    return "".join(
        f'{{"requestId": "x", "requestTimeEpoch": {int(moment * 1000)}, "status": "200", "responseLength": "512"}}\n'
        for moment in times
    )
