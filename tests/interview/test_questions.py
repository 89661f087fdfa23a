"""Each question's answer lands in its field, as the profile reads it."""

from typing import Any

import pytest

from headway.interview.questions import QUESTIONS, Question, draft
from headway.profile import ProfileError, read_profile

BUSY = {"traffic": "200/hour", "busy_hours": "weekdays 08-18"}
READY = {"ready_by": "08:00"}


@pytest.mark.parametrize(
    ("answers", "field", "expected"),
    [
        ({"name": "documents"}, "name", "documents"),
        ({"region": "eu-west-1"}, "region", "eu-west-1"),
        ({"measured": "g5.xlarge 2"}, "model.measured", [{"hardware": "g5.xlarge", "seconds": 2.0}]),
        ({"measured": "g5.xlarge 2 s"}, "model.measured", [{"hardware": "g5.xlarge", "seconds": 2.0}]),
        ({"measured": "serverless-4GB 900ms"}, "model.measured", [{"hardware": "serverless-4GB", "seconds": 0.9}]),
        (
            {"measured": "g5.xlarge 2s; g5.xlarge batch 8 6.4s concurrency=2, m5.large x 2 9s"},
            "model.measured",
            [
                {"hardware": "g5.xlarge", "seconds": 2.0},
                {"hardware": "g5.xlarge", "seconds": 6.4, "batch": 8, "concurrency": 2},
                {"hardware": "m5.large", "seconds": 9.0, "batch": 2},
            ],
        ),
        ({"load_time": "90s"}, "model.load_time", 90.0),
        ({"request": "200KB"}, "model.request", {"mean": 200_000, "max": 200_000}),
        ({"request": "200KB up to 5MB"}, "model.request", {"mean": 200_000, "max": 5_000_000}),
        ({"request": "200 KB - 5 MB"}, "model.request", {"mean": 200_000, "max": 5_000_000}),
        ({"traffic": "200"}, "traffic.per_hour", 200.0),
        ({"traffic": "1,200 an hour"}, "traffic.per_hour", 1200.0),
        ({"traffic": "50/day"}, "traffic.per_day", 50.0),
        ({"traffic": "30000 per month"}, "traffic.per_month", 30000.0),
        (BUSY, "traffic.shape.0", {"days": tuple(range(5)), "hours": tuple(range(8, 18)), "per_hour": 200.0}),
        ({**BUSY, "busy_hours": "business hours"}, "traffic.shape.0", {"days": tuple(range(5)), "hours": tuple(range(9, 17)), "per_hour": 200.0}),
        ({**BUSY, "busy_hours": "9:00-17:00"}, "traffic.shape.0", {"hours": tuple(range(9, 17)), "per_hour": 200.0}),
        ({**BUSY, "busy_hours": "mon, wed"}, "traffic.shape.0", {"days": (0, 2), "per_hour": 200.0}),
        (BUSY, "traffic.shape.1", {"per_hour": 0.0}),
        ({**BUSY, "quiet": "4"}, "traffic.shape.1", {"per_hour": 4.0}),
        ({"predictable": "no"}, "traffic.predictable", False),
        ({"predictable": "Yes"}, "traffic.predictable", True),
        ({"waiting": "review"}, "latency.waiting", "review"),
        ({**READY, "arrived_by": "05:30"}, "latency.ready_by", {"time": 480, "arrived_by": 330}),
        (READY, "latency.ready_by", {"time": 480, "arrived_by": 360}),
        ({**READY, "ready_days": "weekdays"}, "latency.ready_by.days", tuple(range(5))),
        ({**READY, "ready_days": "mon thu"}, "latency.ready_by.days", (0, 3)),
        ({"max_wait": "1h30m"}, "latency.max_wait", 5400.0),
        ({**BUSY, "quiet_wait": "90m"}, "latency.schedule.0.max_wait", 5400.0),
        ({"timezone": "America/New_York"}, "timezone", "America/New_York"),
        (
            {"today": "9 x ml.g5.12xlarge"},
            "current",
            {"architecture": "realtime", "instance_type": "ml.g5.12xlarge", "count": 9},
        ),
        ({"today": "ml.g5.xlarge", "today_bill": "USD 47,000"}, "current.monthly_bill", "47000"),
        ({"today": "batch"}, "current", {"architecture": "batch"}),
        ({"max_wait": "2s", "fallback": "cache, then queue"}, "fallback", ("cache", "queue")),
        ({"max_wait": "2s", "fallback": "default"}, "fallback_answer", {"label": "unknown"}),
        ({"fallback": "default", "fallback_answer": "ask later"}, "fallback_answer", "ask later"),
        ({"fallback": "default", "fallback_answer": '{"no": [1, null]}'}, "fallback_answer", {"no": [1, None]}),
        ({"fallback": "[cache]", "fallback_max_age": "6h"}, "fallback_max_age", 21600.0),
        ({"image": "a.b/c:1"}, "model.container", {"image": "a.b/c:1"}),
        ({"image": "a.b/c:1", "artifact": "s3://a/b"}, "model.container.artifact", "s3://a/b"),
    ],
)  # fmt: skip
def test_an_answer_enters_its_field(answers: dict[str, str | None], field: str, expected: Any) -> None:
    profile = read_profile(draft(answers, "x").content)
    found: Any = profile.model_dump(mode="json", exclude_unset=True, warnings=False)
    for part in field.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    assert _plain(found) == _plain(expected)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    "busy", ["weekdays 08-18", "18-08", "08-24", "00-08", "weekend", "mon,tue 22-02", "all 00-24", "8-18"]
)
def test_busy_hours_and_the_wait_outside_them_cover_the_week_once(busy: str) -> None:
    profile = read_profile(
        draft({"traffic": "200", "busy_hours": busy, "max_wait": "30m", "quiet_wait": "90m"}, "x").content
    )
    assert profile.traffic.shape is not None
    named = set(profile.traffic.shape[0].covers())
    others = [(day, hour) for rule in profile.latency.schedule for day in rule.days for hour in rule.hours]
    assert sorted([*named, *others]) == [(day, hour) for day in range(7) for hour in range(24)]


@pytest.mark.parametrize(("days", "longest"), [(None, "1d"), ("weekdays", "3d"), ("mon", "7d"), ("mon fri", "4d")])
def test_with_a_time_of_day_the_offered_wait_reaches_from_one_to_the_next(days: str | None, longest: str) -> None:
    made = draft({"ready_by": "08:00", "ready_days": days}, "x")
    assert made.content["latency"]["max_wait"] == longest


@pytest.mark.parametrize(("who", "offered"), [("user", "5s"), ("workflow", "5m"), ("review", "30m"), ("nobody", "24h")])
def test_the_offered_wait_follows_who_waits(who: str, offered: str) -> None:
    assert draft({"waiting": who}, "x").content["latency"]["max_wait"] == offered


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_every_question_has_words_an_example_that_is_right_and_fields(question: Question) -> None:
    assert question.ask[0].isupper()
    assert question.why.endswith(".")
    around = {**BUSY, **READY, "today": "batch", "image": "a/b:1", "fallback": "cache, default"}
    answers = {**around, question.key: question.example}
    content = read_profile(draft(answers, "x").content).model_dump(exclude_unset=True, warnings=False)
    assert any(_reaches(content, field) for field in question.fields)


def _reaches(content: Any, field: str) -> bool:
    for part in field.split("."):
        if part not in content:
            return False
        content = content[part]
    return True


def test_what_is_asked_follows_from_the_answers() -> None:
    def asked(answers: dict[str, str | None]) -> set[str]:
        content = draft(answers, "x").content
        return {question.key for question in QUESTIONS if question.when(content)}

    depending = {"fallback", "fallback_answer", "fallback_max_age"}
    assert depending & asked({"traffic": "50/day", "max_wait": "5s"}) == {"fallback"}
    assert depending & asked({"traffic": "50/day", "max_wait": "5s", "waiting": "workflow"}) == {"fallback"}
    assert depending & asked({"traffic": "50/day", "max_wait": "5s", "waiting": "review"}) == set()
    assert depending & asked({"traffic": "50/day", "max_wait": "31s"}) == set(), "longer than an API holds the line"
    assert depending & asked({"traffic": "50/day", "max_wait": "30m"}) == set()
    live: dict[str, str | None] = {"traffic": "50/day", "max_wait": "5s"}
    assert depending & asked({**live, "fallback": "queue"}) == {"fallback"}
    assert depending & asked({**live, "fallback": "cache default"}) == depending
    depending = {"busy_hours", "quiet", "quiet_wait", "timezone", "arrived_by", "ready_days", "today_bill", "artifact"}
    assert depending & asked({"traffic": "50/day"}) == set()
    assert depending & asked({"traffic": "50/hour"}) == {"busy_hours"}
    assert depending & asked({**BUSY}) == {"quiet", "quiet_wait", "timezone"}
    assert depending & asked({"traffic": "50/day", **READY}) == {"arrived_by", "ready_days", "timezone"}
    assert depending & asked({"traffic": "50/day", "today": "batch", "image": "a"}) == {"today_bill", "artifact"}


def test_the_help_says_of_every_question_that_may_be_passed_over_where_it_is_asked() -> None:
    unasked = draft({"traffic": "50/day", "max_wait": "30m"}, "x").content
    passed_over = {question.key for question in QUESTIONS if not question.when(unasked)}
    assert passed_over == {question.key for question in QUESTIONS if question.where}


def test_a_wrong_measurement_is_told_once() -> None:
    with pytest.raises(ProfileError) as told:
        read_profile(draft({"measured": "m5.larg 2"}, "x").content)
    assert str(told.value).startswith("model.measured[0].hardware: got 'm5.larg'")
    assert len(str(told.value).splitlines()) == 1
