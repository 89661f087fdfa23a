"""What is written reads back as what was answered, whatever was answered."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from headway.interview.questions import QUESTIONS, draft
from headway.interview.writing import flow, layout, profile_text, write_profile
from headway.profile import ProfileError, load_profile, read_profile

NUMBERS = st.one_of(st.integers(0, 10**7).map(str), st.floats(0, 1e6).map(lambda value: f"{value:.3f}"))
WAITS = st.one_of(
    st.tuples(st.integers(1, 999), st.sampled_from(["ms", "s", "m", "h", "d", " min"])).map(lambda p: f"{p[0]}{p[1]}"),
    st.sampled_from(["1h30m", "0.25s", "90s"]),
)
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda p: f"{p[0]:02d}:{p[1]:02d}")
SPANS = (
    st.tuples(st.integers(0, 23), st.integers(1, 24))
    .filter(lambda p: p[0] != p[1])
    .map(lambda p: f"{p[0]:02d}-{p[1]:02d}")
)
DAYS = st.sampled_from(["weekdays", "weekend", "mon", "tue, thu", "sat sun mon"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ANSWERS = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True) | st.sampled_from(["null", "true", "no", "y", "e1"]),
        "measured": st.lists(NUMBERS.filter(lambda text: float(text) > 0), min_size=1, max_size=4).map(
            lambda found: ", ".join(f"g5.xlarge {time}s x{2**n}" for n, time in enumerate(sorted(found, key=float)))
        ),
        "max_wait": WAITS,
    },
    optional={
        "region": st.sampled_from(["us-east-1", "eu-west-1"]),
        "load_time": WAITS,
        "request": st.sampled_from(["3KB", "1.2 MB", "200KB up to 5MB", "4096 B"]),
        "traffic": st.tuples(NUMBERS, st.sampled_from(["", "/hour", "/day", " a month"])).map("".join),
        "busy_hours": st.one_of(SPANS, DAYS, st.tuples(DAYS, SPANS).map(" ".join), st.just("business hours"), st.none()),
        "quiet": NUMBERS,
        "predictable": st.sampled_from(["yes", "no"]),
        "waiting": st.sampled_from(["user", "workflow", "review", "nobody"]),
        "ready_by": st.one_of(CLOCKS, st.none()),
        "arrived_by": CLOCKS,
        "ready_days": DAYS,
        "quiet_wait": WAITS,
        "timezone": st.sampled_from(["UTC", "Europe/Dublin", "Etc/GMT+3"]),
        "today": st.sampled_from(["9 x ml.g5.12xlarge", "g5.xlarge", "something else: a lambda # of ours"]),
        "today_bill": NUMBERS,
        "image": TEXTS,
        "artifact": TEXTS.map(lambda text: f"s3://models/x{text}"),
    },
)  # fmt: skip

DEFAULTS = TEXTS | st.dictionaries(TEXTS, TEXTS | st.booleans(), max_size=3).map(json.dumps)
FALLBACKS = st.one_of(
    st.just({}),
    st.just({"fallback": "cache, then queue", "fallback_max_age": "6h"}),
    DEFAULTS.map(lambda answer: {"fallback": "[queue, default]", "fallback_answer": answer}),
)


@given(ANSWERS, FALLBACKS, st.sets(st.sampled_from([field for question in QUESTIONS for field in question.fields])))
def test_random_answers_read_back_as_they_were_given(
    answers: dict[str, Any], fallback: dict[str, Any], assumed: set[str]
) -> None:
    try:
        content = draft({**answers, **fallback}, "my-model").content
        profile = read_profile(content)
    except (ValueError, ProfileError):
        assume(False)
    text = profile_text(content, assumed=assumed)
    assert YAML(typ="safe", pure=True).load(text) == content
    with TemporaryDirectory() as folder:
        path = Path(folder) / "written.yaml"
        write_profile(path, text, digest=profile.digest, force=False)
        assert load_profile(path).digest == profile.digest
        assert [one.name for one in Path(folder).iterdir()] == ["written.yaml"]


@given(TEXTS)
def test_any_text_reads_back_inside_a_line(text: str) -> None:
    assert YAML(typ="safe", pure=True).load(f"{{a: {flow(text)}}} # {{") == {"a": text}


def test_every_field_that_a_question_enters_has_its_line() -> None:
    written = {field.path for field in layout()}
    for question in QUESTIONS:
        for field in question.fields:
            assert field in written or field.rsplit(".", 1)[0] in written, field


def test_what_would_read_back_otherwise_is_not_written(tmp_path: Path) -> None:
    content = draft({"max_wait": "5s"}, "x").content
    with pytest.raises(AssertionError, match="reads back as another profile"):
        write_profile(tmp_path / "x.yaml", profile_text(content), digest="0" * 64, force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_written_file_may_be_read_by_whoever_may_read_others(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    content = draft({}, "x").content
    write_profile(tmp_path / "x.yaml", profile_text(content), digest=read_profile(content).digest, force=False)
    assert (tmp_path / "x.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode
