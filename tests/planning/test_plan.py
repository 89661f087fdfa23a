"""plan(): the bundled workloads, environments, and what a plan says when nothing fits."""

import json
from pathlib import Path
from typing import Any

import pytest

from headway import load_profile, plan
from headway.errors import HeadwayError
from headway.planning.plan import Plan
from headway.profile import Profile

FOLDER = Path("stacks/profiles")


def bundled(name: str) -> Profile:
    return load_profile(FOLDER / f"{name}.yaml")


def changed(name: str, **fields: Any) -> Profile:
    content = json.loads(bundled(name).model_dump_json(exclude_unset=True))
    for path, value in fields.items():
        part, _, field = path.partition("__")
        content[part] = {**content[part], field: value} if field else value
    return Profile.model_validate(content)


@pytest.mark.parametrize(
    ("name", "architecture", "low", "high"),
    [
        ("loan-documents", "batch", 60, 200),
        ("fraud-check", "realtime", 300, 330),
        ("video-analysis", "asynchronous", 60, 150),
        ("contact-form", "serverless", 0.3, 1),
        ("nightly-report", "batch", 10, 40),
        ("discovery-archive", "batch", 3, 12),
    ],
)
def test_each_bundled_workload_gets_the_architecture_it_needs(
    name: str, architecture: str, low: float, high: float
) -> None:
    made = plan(bundled(name))
    assert made.choice is not None
    assert made.choice.architecture == architecture
    assert low < float(made.choice.monthly.expected) < high
    assert made.chosen is not None
    assert made.chosen.wait is not None
    assert all(one.reason for one in made.candidates)


def test_loan_documents_compares_with_what_runs_today() -> None:
    current = plan(bundled("loan-documents")).current
    assert current is not None
    assert current.stated == 47_000
    # Nine ml.g5.12xlarge all day, at the book's price.
    assert current.priced is not None
    assert float(current.priced) == pytest.approx(47_000, rel=0.02)


def test_fraud_check_has_no_choice_and_says_why() -> None:
    made = plan(bundled("fraud-check"))
    assert [one.architecture for one in made.candidates if one.feasible] == ["realtime"]
    assert any("nothing else fits" in reason for reason in made.choice.why)  # type: ignore[union-attr]


def test_a_plan_goes_through_json_unchanged_with_money_as_text() -> None:
    made = plan(bundled("loan-documents"))
    written = json.loads(made.model_dump_json())
    assert Plan.model_validate(written) == made
    assert isinstance(written["choice"]["monthly"]["expected"], str)
    assert {"profile", "prices", "choice", "candidates", "not_considered", "assumptions", "current"} <= written.keys()
    first = written["candidates"][0]["bill"]["lines"][0]
    assert {"description", "service", "meter", "state", "quantity", "unit", "unit_price", "amount", "source", "as_of",
            "confidence", "assumptions"} <= first.keys()  # fmt: skip


def test_an_environment_keeps_the_architecture_and_only_sizes_it() -> None:
    whole, small = plan(bundled("loan-documents")), plan(bundled("loan-documents"), scale=0.02)
    assert small.choice is not None
    assert whole.choice is not None
    assert small.choice.architecture == whole.choice.architecture == "batch"
    assert small.choice.monthly.expected < whole.choice.monthly.expected


def test_reselecting_may_choose_another_for_a_small_environment() -> None:
    profile = changed(
        "contact-form", latency={"max_wait": "10s"}, traffic={"per_hour": 2000}, model={"measured": [
            {"hardware": "m5.large", "seconds": 0.4}, {"hardware": "serverless-6GB", "seconds": 3}], "load_time": "2s"},
    )  # fmt: skip
    assert plan(profile).choice.architecture == "realtime"  # type: ignore[union-attr]
    assert plan(profile, scale=0.001).choice.architecture == "realtime"  # type: ignore[union-attr]
    assert plan(profile, scale=0.001, reselect=True).choice.architecture == "serverless"  # type: ignore[union-attr]


def test_one_architecture_alone_can_be_planned() -> None:
    made = plan(bundled("loan-documents"), only="realtime")
    assert [one.architecture for one in made.candidates] == ["realtime"]
    with pytest.raises(HeadwayError, match="did you mean batch"):
        plan(bundled("loan-documents"), only="bach")


def test_with_nothing_feasible_it_says_what_comes_closest_and_what_to_relax() -> None:
    made = plan(changed("contact-form", latency={"max_wait": "100ms"}))
    assert made.choice is None
    assert made.design is None
    assert made.closest is not None
    assert made.closest.architecture in ("realtime", "serverless")
    assert "max_wait" in made.closest.relax


def test_unmeasured_hardware_is_listed_with_what_to_measure() -> None:
    listed = {one.what: one.reason for one in plan(bundled("loan-documents")).not_considered}
    assert "measure batch 1 and 8 there" in listed["g4dn.xlarge"]


def test_every_default_that_was_used_is_an_assumption_of_the_plan() -> None:
    profile = bundled("contact-form")
    names = {one.name for one in plan(profile).assumptions}
    assert {default.name for default in profile.defaults} <= names
    assert all(one.source and one.as_of for one in plan(profile).assumptions)


def test_an_unknown_region_or_instance_type_is_named() -> None:
    with pytest.raises(HeadwayError, match=r"did you mean .*us-east-1"):
        plan(changed("contact-form", region="us-easst-1"))
    with pytest.raises(HeadwayError, match="g5"):
        plan(changed("contact-form", model={"measured": [{"hardware": "g55.xlarge", "seconds": 1}]}))


def test_a_region_without_a_serverless_price_says_so_and_is_never_cheaper() -> None:
    here, there = plan(bundled("contact-form")), plan(changed("contact-form", region="eu-west-1"))
    bills = {one.architecture: one.bill for one in there.candidates}
    assert bills["serverless"] is not None
    assert "SageMakerServerless.inference_duration" in bills["serverless"].unpriced
    assert here.choice is not None
    assert there.choice is not None


def test_growth_is_said_before_it_surprises() -> None:
    profile = bundled("contact-form")
    content = json.loads(profile.model_dump_json(exclude_unset=True))
    content["traffic"]["growth_per_month"] = 0.1
    assert any("half as much again in 4 months" in one for one in plan(Profile.model_validate(content)).warnings)
