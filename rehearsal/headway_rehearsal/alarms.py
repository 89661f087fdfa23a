"""The alarms that a rehearsal's requests set off: what the runtime told, against the alarms that were provisioned.

Moto keeps alarms and never looks at a metric. Here the lines that functions and workers write in CloudWatch's embedded
format are the metrics, and every alarm on them alone is worked out over the whole rehearsal, as if it were one of its
periods. Alarms on AWS's own metrics, and those of which nothing was told, are not looked at.
"""

from __future__ import annotations

import ast
import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from headway_rehearsal.resources.base import Aws
from headway_runtime.metrics import NAMESPACE

Key = tuple[str, frozenset[tuple[str, str]]]
"""A metric's name and dimensions."""
_COMPARE = {
    "GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt, "LessThanOrEqualToThreshold": operator.le,
}  # fmt: skip
_TWO: dict[type[ast.AST], Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
}  # fmt: skip


class Looked(NamedTuple):
    """An alarm that was looked at: its name in RUNBOOK.md, what it saw, and whether it is on."""

    name: str
    value: float
    on: bool


def look(aws: Aws) -> tuple[Looked, ...]:
    """The account's alarms on the runtime's own metrics, by what was told."""
    told = metrics_told(aws.said)
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = []
    for alarm in (one for page in pages for one in page["MetricAlarms"]):
        value = _value(alarm, told)
        if value is not None:
            name = str(alarm.get("AlarmDescription", "")).rsplit("#", 1)[-1]
            found.append(Looked(name, value, _COMPARE[alarm["ComparisonOperator"]](value, alarm["Threshold"])))
    return tuple(sorted(found))


def metrics_told(said: Iterable[str]) -> dict[Key, list[float]]:
    """Every value of every metric in a log."""
    found: dict[Key, list[float]] = {}
    for text in said:
        for line in text.splitlines():
            try:
                content = json.loads(line)
            except ValueError:
                continue
            for rule in content.get("_aws", {}).get("CloudWatchMetrics", []) if isinstance(content, dict) else []:
                dimensions = frozenset((name, content[name]) for name in rule["Dimensions"][0])
                for metric in rule["Metrics"]:
                    value = content[metric["Name"]]
                    found.setdefault((metric["Name"], dimensions), []).extend(
                        value if isinstance(value, list) else [value]
                    )
    return found


def _value(alarm: Mapping[str, Any], told: Mapping[Key, Sequence[float]]) -> float | None:
    """What an alarm sees; None where it looks at something else too, or at what nobody told."""
    if "Metrics" not in alarm or not alarm["Metrics"]:
        return _statistic(alarm, alarm.get("Statistic") or alarm.get("ExtendedStatistic", ""), told)
    names: dict[str, float] = {}
    text = ""
    for query in alarm["Metrics"]:
        if "Expression" in query:
            text = query["Expression"]
            continue
        seen = _statistic(query["MetricStat"]["Metric"], query["MetricStat"]["Stat"], told)
        if seen is None:
            return None
        names[query["Id"]] = seen
    return evaluate(text, names)


def _statistic(metric: Mapping[str, Any], statistic: str, told: Mapping[Key, Sequence[float]]) -> float | None:
    dimensions = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
    values = told.get((metric.get("MetricName", ""), dimensions)) if metric.get("Namespace") == NAMESPACE else None
    if not values:
        return None
    if statistic.startswith("PR(:"):
        most = float(statistic.removeprefix("PR(:").removesuffix(")"))
        return 100 * sum(value <= most for value in values) / len(values)
    known = {"Sum": sum(values), "Average": sum(values) / len(values), "Maximum": max(values),
             "Minimum": min(values), "SampleCount": len(values)}  # fmt: skip
    return float(known[statistic]) if statistic in known else None


def evaluate(text: str, names: Mapping[str, float]) -> float:
    """Metric math, as far as the components write it: arithmetic, comparisons and ``IF(what, then, else)``.

    >>> evaluate("IF(m0 * m1 >= 2, 100 * m0, 0)", {"m0": 0.5, "m1": 10})
    50.0
    """

    def of(node: ast.expr) -> float:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return names[name]
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                return float(_TWO[type(op)](of(left), of(right)))
            case ast.Call(func=ast.Name(id="IF"), args=[what, then, otherwise]):
                return of(then) if of(what) else of(otherwise)
        raise ValueError(f"no metric math that a component writes: {ast.unparse(node)}")

    return of(ast.parse(text, mode="eval").body)
