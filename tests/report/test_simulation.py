"""What a replay found, in a terminal: each number says of which requests it is."""

import io

import pytest

from headway import load_profile, plan
from headway.planning.plan import Plan
from headway.report.console import console
from headway.report.simulation import print_outcome, simulated
from headway.simulation import Outcome, generated, replay
from headway.traffic import build_demand


@pytest.fixture(scope="module")
def followed() -> tuple[Plan, Outcome]:
    profile = load_profile("stacks/profiles/chat-assistant.yaml")
    made = plan(profile, only="realtime")
    assert made.design is not None
    return made, replay(made.design, generated(build_demand(profile), weeks=0.2, seed=3), profile)


def test_hours_are_counted_with_what_makes_them_count(followed: tuple[Plan, Outcome]) -> None:
    _, outcome = followed
    said = simulated(outcome)
    assert f"kept in {outcome.hours_within} of the {outcome.hours_judged} hours with 20 requests or more" in said
    assert outcome.judged_from == 20  # 95 %: one of twenty may be late


def test_the_plans_worst_hour_does_not_stand_beside_what_all_requests_waited(followed: tuple[Plan, Outcome]) -> None:
    out = io.StringIO()
    print_outcome(console(out), *followed)
    lines = out.getvalue().splitlines()
    assert "p95 wait 17.3 s in the worst hour (limit 25 s)" in lines[0]
    (row,) = [line.split() for line in lines if line.startswith("p95 wait")]
    assert len(row) == 4  # p95 wait, a number and its unit: of the replay alone
