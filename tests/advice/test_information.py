"""The value of information: inputs at both ends of their ranges, and what staying would lose there."""

from decimal import Decimal
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice import information
from headway.planning import Plan
from headway.profile import Profile

PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))


def bundled(name: str) -> Profile:
    return load_profile(Path("stacks/profiles") / f"{name}.yaml")


def total(made: Plan, architecture: str) -> Decimal:
    one = next(one for one in made.candidates if one.architecture == architecture)
    assert one.monthly is not None
    return one.monthly.expected + one.operations.monthly


def test_a_model_twice_as_slow_makes_batch_right_and_staying_loses_the_difference() -> None:
    profile = bundled("video-analysis")
    rows = information(profile, plan(profile))
    first = rows[0]
    assert (first.input, first.value, first.factor) == ("seconds on g5.xlarge", "40 min", 2.0)
    assert (first.architecture, first.changes) == ("batch", True)
    slow = tuple(point.model_copy(update={"seconds": 2400.0}) for point in profile.model.measured)
    there = plan(profile.model_copy(update={"model": profile.model.model_copy(update={"measured": slow})}))
    assert first.loses == total(there, "asynchronous") - total(there, "batch")
    assert not any(row.changes for row in rows[1:])


def test_where_todays_choice_has_no_design_staying_has_no_price() -> None:
    profile = bundled("contact-form")
    changing = [row for row in information(profile, plan(profile)) if row.changes]
    # A cold start of 4 s becomes one of 8 s: nothing is left of the wait.
    (slow,) = [row for row in changing if row.input == "load_time"]
    assert (slow.factor, slow.architecture, slow.staying, slow.loses) == (2.0, "realtime", None, None)


def test_what_was_measured_at_several_batch_sizes_is_not_doubted() -> None:
    profile = bundled("loan-documents")
    assert {row.input for row in information(profile, plan(profile))} == {"traffic", "peak_factor", "load_time"}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_both_ends_of_every_input_within_twelve_plans(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    module = sys.modules["headway.advice.information"]
    made: list[float] = []
    real = module.plan  # type: ignore[attr-defined]

    def counted(*args: object, **kwargs: object) -> Plan:
        made.append(1)
        planned: Plan = real(*args, **kwargs)
        return planned

    monkeypatch.setattr(module, "plan", counted)
    profile = load_profile(path)
    rows = information(profile, plan(profile))
    assert len(rows) <= 12
    assert len(made) <= 10  # and two of traffic
    assert {row.factor for row in rows if row.input == "traffic"} == {0.5, 2.0}


def test_a_peak_is_never_below_its_mean() -> None:
    profile = bundled("loan-documents")
    flat = profile.model_copy(update={"traffic": profile.traffic.model_copy(update={"peak_factor": 1.2})})
    values = [row.value for row in information(flat, plan(flat)) if row.input == "peak_factor"]
    assert values == ["1", "2.4"]


def test_where_nothing_fits_there_is_nothing_to_measure() -> None:
    profile = bundled("contact-form")
    impossible = profile.model_copy(update={"latency": profile.latency.model_copy(update={"max_wait": 0.001})})
    assert information(impossible, plan(impossible)) == ()
