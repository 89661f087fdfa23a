"""A ladder's fields in the profile: what they need of each other is said by name before anything is planned."""

import json
from typing import Any

import pytest

from headway.profile import Profile, ProfileError, read_profile

LEAST: dict[str, Any] = {
    "name": "form", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 50},
    "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]},
}  # fmt: skip


def read(**fields: Any) -> Profile:
    return read_profile({**LEAST, **fields})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"fallback": ["cache", "default"]}, "fallback_answer is missing"),
        ({"fallback": ["default", "queue"], "fallback_answer": 1}, "put default last"),
        ({"fallback": ["cache", "cache"]}, "cache is named twice"),
        ({"fallback_answer": 1}, "fallback_answer has no use: fallback does not name default"),
        (
            {"fallback": ["queue"], "fallback_max_age": "1h"},
            "fallback_max_age has no use: fallback does not name cache",
        ),
        ({"fallback": ["cache"], "fallback_max_age": "60d"}, "an answer is kept for 30 days at the most"),
        ({"fallback": ["cache"], "fallback_max_age": "0s"}, "fallback_max_age"),
        ({"fallback": ["default"], "fallback_answer": "x" * 1000}, "1,002 bytes as JSON"),
        ({"fallback": ["default"], "fallback_answer": {"share": float("nan")}}, "NaN are no JSON"),
        ({"fallback": ["cahce"]}, "did you mean cache"),
    ],
)
def test_what_contradicts_itself_is_refused_by_the_fields_name(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ProfileError, match=expected):
        read(**fields)


def test_an_answer_that_no_row_holds_cannot_be_kept() -> None:
    model = {**LEAST["model"], "response": "2MB"}
    with pytest.raises(ProfileError, match=r"which holds 400 KB; model\.response is 2,000,000 bytes"):
        read(fallback=["cache"], model=model)


@pytest.mark.parametrize("answer", [None, True, 0, "later", {"label": "unknown", "sure": False}, [1, [2]]])
def test_any_json_is_a_default_answer_and_stays_as_it_is(answer: Any) -> None:
    profile = read(fallback=["default"], fallback_answer=answer)
    assert json.loads(profile.model_dump_json())["fallback_answer"] == answer


def test_an_age_that_nobody_gave_is_listed_where_it_is_used() -> None:
    assert ("fallback_max_age", "3600") in [(one.name, one.value) for one in read(fallback=["cache"]).defaults]
    assert "fallback_max_age" not in [one.name for one in read(fallback=["queue"]).defaults]
