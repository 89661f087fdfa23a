"""Metrics as log lines in CloudWatch's embedded format."""

import json
from typing import Any

import pytest

from headway_runtime.metrics import emit, promise_used


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().out.splitlines()]


def test_a_line_names_its_metrics_and_their_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    emit("Fleet", "loans", {"Busy": 93.5}, departure="20260603T1200Z")
    (line,) = lines(capsys)
    assert line["_aws"]["CloudWatchMetrics"] == [
        {"Namespace": "Headway", "Dimensions": [["Fleet"]], "Metrics": [{"Name": "Busy"}]}
    ]
    assert (line["Fleet"], line["Busy"], line["departure"]) == ("loans", 93.5, "20260603T1200Z")


def test_more_values_than_a_line_holds_take_several_and_none_is_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    emit("Fleet", "loans", {"PromiseUsed": [float(n) for n in range(250)], "Busy": 1.0})
    found = lines(capsys)
    assert [len(line["PromiseUsed"]) for line in found] == [100, 100, 50]
    assert [value for line in found for value in line["PromiseUsed"]] == list(range(250))
    assert ["Busy" in line for line in found] == [True, False, False]


def test_no_values_are_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    emit("Fleet", "loans", {"PromiseUsed": []})
    assert lines(capsys) == []


def test_clocks_that_disagree_make_no_negative_wait() -> None:
    assert promise_used(sent=1000.2, finished=1000.0, promise_s=60) == 0
