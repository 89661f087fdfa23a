"""What is assumed, fitted to what was billed.

The values at which the bill's own functions give the quantities and the spot prices of the actual lines, drawn towards
what was assumed where the lines say little (a maximum a posteriori estimate with robust, Huber, errors).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, log

import numpy as np
import numpy.typing as npt

from headway.observed.responses import Billed, Response, Unknowns
from headway.observed.usage_types import Meter

Floats = npt.NDArray[np.float64]
NOISE = 0.05
"""Relative error of a line's quantity that says nothing: rounding, days that are not whole weeks."""
OUTLIER = 3.0
"""Beyond so many times the noise a line is taken to have a cause of its own, and pulls no more than this."""
_PRIOR = {"traffic": 0.7, "start_up": 0.5, "spot_price": 0.4, "spot_miss": 1.0, "retried": 1.0}
"""Standard deviations, in logarithms (of odds for shares), of what is thought possible beforehand."""


def fit(
    response: Response, actual: Mapping[Meter, Billed], share: float, assumed: Unknowns
) -> tuple[Unknowns, dict[str, float]]:
    """The values at which the bill gives what was billed, and the standard error of each.

    Gauss-Newton with damping on Huber-weighted relative errors of quantities and unit prices; the prior keeps what the
    lines do not show where it was.
    """
    centre = _inward(assumed)
    widths = np.array([_PRIOR[name] for name in Unknowns._fields])

    def residuals(inner: Floats) -> Floats:
        billed = response.billed(_outward(inner))
        errors = [_error(paid.quantity, billed[meter].quantity * share) for meter, paid in _both(actual, billed)]
        prices = [
            _error(paid.amount / paid.quantity, billed[meter].amount / billed[meter].quantity)
            for meter, paid in _both(actual, billed)
            if meter.meter == "spot" and paid.amount > 0
        ]
        return np.array(errors + prices)

    inner, damping = centre.copy(), 1e-3
    current = residuals(inner)
    for _ in range(30):
        weights = _huber(current)
        slope = _slope(residuals, inner, current)
        normal = slope.T @ (slope * weights[:, None]) + np.diag(1 / widths**2)
        pull = slope.T @ (weights * current) + (inner - centre) / widths**2
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -pull)
        tried = inner + np.clip(step, -1.0, 1.0)
        after = residuals(tried)
        if _loss(after, tried - centre, widths) < _loss(current, inner - centre, widths):
            inner, current, damping = tried, after, damping / 3
        else:
            damping *= 5
        if np.abs(step).max() < 1e-5:
            break
    slope = _slope(residuals, inner, current)
    normal = slope.T @ (slope * _huber(current)[:, None]) + np.diag(1 / widths**2)
    errors = np.sqrt(np.diag(np.linalg.inv(normal)))
    found = _outward(inner)
    # From logarithms back to the value's own scale.
    scale = {name: value * (1 - value if name == "spot_miss" else 1) for name, value in found._asdict().items()}
    return found, {name: float(error) * scale[name] for name, error in zip(Unknowns._fields, errors, strict=True)}


def _both(actual: Mapping[Meter, Billed], billed: Mapping[Meter, Billed]) -> list[tuple[Meter, Billed]]:
    """The lines that both sides have: the only ones that say anything of an assumption."""
    return [(m, paid) for m, paid in actual.items() if m in billed and paid.quantity > 0 and billed[m].quantity > 0]


def _error(seen: float, told: float) -> float:
    return log(told / seen) / NOISE


def _slope(residuals: Callable[[Floats], Floats], inner: Floats, current: Floats) -> Floats:
    step = 1e-4
    columns = []
    for place in range(len(inner)):
        moved = inner.copy()
        moved[place] += step
        columns.append((residuals(moved) - current) / step)
    return np.array(columns).T.reshape(len(current), len(inner))


def _huber(errors: Floats) -> Floats:
    weights: Floats = np.minimum(1.0, OUTLIER / np.maximum(np.abs(errors), 1e-9))
    return weights


def _loss(errors: Floats, away: Floats, widths: Floats) -> float:
    size = np.abs(errors)
    huber = np.where(size <= OUTLIER, size**2 / 2, OUTLIER * (size - OUTLIER / 2))
    return float(huber.sum() + ((away / widths) ** 2).sum() / 2)


def _inward(values: Unknowns) -> Floats:
    miss = min(max(values.spot_miss, 1e-4), 1 - 1e-4)
    return np.array(
        [log(values.traffic), log(values.start_up), log(values.spot_price), log(miss / (1 - miss)),
         log(max(values.retried, 1e-4))]
    )  # fmt: skip


def _outward(inner: Floats) -> Unknowns:
    traffic, start_up, price, miss, retried = (float(min(max(value, -12.0), 12.0)) for value in inner)
    return Unknowns(exp(traffic), exp(start_up), exp(price), 1 / (1 + exp(-miss)), min(1.0, exp(retried)))
