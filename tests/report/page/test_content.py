"""What stands on the page: every section a reader expects, in order, with the plan's own numbers."""

import json

import pytest

from headway import Profile, load_profile
from headway.advice import Joined, cost_of_waiting, join
from headway.planning.search import plan
from headway.profile import read_profile
from headway.report.page.content import content
from headway.report.page.layout import Content, Section

LOANS = "stacks/profiles/loan-documents.yaml"


def page(profile: Profile, *, scale: float = 1.0, curve: bool = False) -> Content:
    made = plan(profile, scale=scale)
    joined = join(profile, made)
    if curve:
        joined = joined.model_copy(update={"curve": cost_of_waiting(profile, waits_s=(0.1, 10, 900, 86_400))})
    return content(profile, made, joined)


@pytest.fixture(scope="module")
def loans() -> Content:
    return page(load_profile(LOANS), curve=True)


def section(shown: Content, name: str) -> Section:
    return next(one for one in shown.sections if one.id == name)


def cells(one: Section) -> list[list[str]]:
    assert one.table is not None
    return [[cell.text for cell in row] for row in one.table.body]


def test_it_goes_from_the_verdict_to_what_it_rests_on(loans: Content):
    assert loans.verdict.startswith("batch: USD 106 a month, p99 wait 78.4 min")
    assert [one.id for one in loans.sections] == [
        "waiting", "week-all", "bill", "saving", "candidates", "why", "advice", "sure", "once", "commitments",
        "left-out", "assumptions", "prices",
    ]  # fmt: skip
    assert [one.id for one in loans.sections if one.drawing] == ["waiting", "week-all", "bill", "saving", "candidates"]


def test_the_slider_has_a_sentence_for_every_wait(loans: Content):
    one = section(loans, "waiting")
    said = json.loads(one.slider)
    assert [point["wait"] for point in said] == ["100 ms", "10 s", "15 min", "30 min", "24 h"]
    assert [point["is"] for point in said] == ["nothing makes it", "realtime", "batch", "batch", "batch"]
    assert said[0]["usd"] == ""
    assert said[1]["usd"] == "USD 1,032 a month"
    assert "more than the plan" in said[1]["said"]
    assert "less than the plan" in said[4]["said"]
    assert one.start == 3
    assert said[3]["said"].endswith("USD 40.02 more than the plan; this workload's own wait, at all hours.")


def test_every_priced_wait_has_a_mark_that_the_slider_can_show(loans: Content):
    drawing = section(loans, "waiting").drawing
    assert drawing is not None
    for spec in (drawing.wide, drawing.narrow):
        marks = {layer.get("name"): layer for layer in spec["layer"]}
        assert {"here_line", "here_ring"} <= marks.keys()
        assert [row["wait"] for row in spec["data"]["values"]] == [10, 900, 1800, 86_400]


def test_the_bill_ends_in_the_plans_total(loans: Content):
    table = section(loans, "bill").table
    assert table is not None
    assert [cell.text for cell in table.foot[0] if cell.text][:2] == ["total a month", "106"]
    assert [text for row in cells(section(loans, "bill")) if row[0] == "KMS" for text in (row[0], row[5])] == [
        "KMS",
        "not modelled",
    ]


def test_every_architecture_has_its_reason(loans: Content):
    rows = cells(section(loans, "candidates"))
    assert [row[0] for row in rows] == ["realtime", "serverless", "asynchronous", "microbatch", "batch"]
    assert all(row[-1] for row in rows)


def test_the_bars_of_the_saving_begin_and_end_where_the_steps_do(loans: Content):
    drawing = section(loans, "saving").drawing
    assert drawing is not None
    bars = drawing.wide["data"]["values"]
    assert bars[0]["to"] == 47_000
    assert bars[1]["said"] == "- USD 45,968"
    assert bars[1]["from"] == pytest.approx(bars[2]["to"])
    assert bars[2]["from"] == pytest.approx(bars[3]["to"])
    assert bars[-1]["name"] == "what is left"


def test_each_tier_has_a_week_of_its_own():
    shown = page(load_profile("stacks/profiles/moderation.yaml"))
    weeks = [one for one in shown.sections if one.id.startswith("week-")]
    assert [one.title for one in weeks] == [
        "The week: demand and capacity: verified, realtime", "The week of anonymous, batch",
    ]  # fmt: skip


def test_where_nothing_fits_it_says_what_to_relax():
    profile = load_profile(LOANS)
    tight = profile.model_copy(update={"latency": profile.latency.model_copy(update={"max_wait": 0.1, "schedule": ()})})
    made = plan(tight)
    shown = content(tight, made, Joined(curve=cost_of_waiting(tight, waits_s=(10,))))
    assert not shown.fits
    assert shown.verdict.startswith("nothing fits")
    assert shown.facts == ()
    assert [one.id for one in shown.sections][:2] == ["waiting", "candidates"]
    assert "not possible" in section(shown, "waiting").drawing.label  # type: ignore[union-attr]


def test_where_nothing_makes_any_wait_there_is_a_table_and_no_picture():
    much = read_profile(
        {
            "name": "much", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 5e12},
            "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]},
        }
    )  # fmt: skip
    made = plan(much)
    assert made.choice is None
    waiting = section(content(much, made, Joined(curve=cost_of_waiting(much, waits_s=(0.1, 86_400)))), "waiting")
    assert waiting.drawing is None
    assert waiting.slider == ""
    assert not waiting.folded
    assert {row[1] for row in cells(waiting)} == {"nothing makes it"}


def test_a_share_of_the_traffic_is_not_compared_with_what_runs_today():
    shown = page(load_profile(LOANS), scale=0.02)
    assert "0.02 of its traffic" in shown.question
    assert not any("47,000" in note for note in shown.notes)


def test_a_backlog_is_billed_apart_and_named_where_one_looks_for_what_is_paid_once():
    shown = page(load_profile("stacks/profiles/discovery-archive.yaml"))
    backlog = section(shown, "backlog")
    assert backlog.lead.startswith("Done in ")
    assert section(shown, "once").sentences[0].startswith("backlog: USD ")
