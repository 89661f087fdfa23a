"""The terminal report of hand-made plans: the answer first, unknown prices never as zero, nothing over 100 columns."""

import io

import pytest

from headway import load_profile
from headway.architectures.candidate import BacklogRun, Candidate, Operations
from headway.architectures.design import BatchDesign, DepartureRule, RequestShape, Wait, WorkerPool
from headway.bill.lines import Bill, Line, Range
from headway.planning.plan import (
    Choice,
    Closest,
    Current,
    NotConsidered,
    Plan,
    PricesReference,
    ProfileReference,
    UsedAssumption,
)
from headway.planning.search import plan
from headway.report.console import console
from headway.report.terminal import print_plan
from headway.report.words import verdict

SPOT = Line(
    description="workers on spot", service="ec2", meter="spot", state="priced", quantity=Range.of(280, 320, 400),
    unit="hour", unit_price="0.45", amount=Range.of(126, 144, 180), source="aws spot feed", as_of="2026-10-01",
    confidence="medium", assumptions=("spot.miss",),
)  # fmt: skip
FREE = Line(description="policies", service="iam", meter="roles", state="free", quantity=Range.exactly(4), unit="role")
UNPRICED = Line(
    description="standing concurrency", service="sagemaker", meter="provisioned", state="unpriced",
    quantity=Range.exactly(730), unit="hour",
)  # fmt: skip
OPERATIONS = Operations(hours=5, hourly_cost=95)


def batch_design() -> BatchDesign:
    return BatchDesign(
        region="us-east-1", timezone="UTC", max_wait_s=1800, percentile=99,
        requests=RequestShape(mean_bytes=1000, max_bytes=2000, response_bytes=10, inline_bytes=48_000),
        pools=(
            WorkerPool(
                name="g5", instance_type="g5.xlarge", vcpu=4, memory_mib=12_000, gpus=1, batch_size=8,
                seconds_per_item=0.6, seconds_per_batch=1.4, load_time_s=90, max_workers=4,
            ),
        ),
        departures=(
            DepartureRule(
                days=(0, 1, 2, 3, 4), from_minute=480, to_minute=1080, every_minutes=15, pool="g5", quota=40,
                max_workers=2, last_call_s=1000, promise_s=1800,
            ),
            DepartureRule(
                days=(5, 6), from_minute=0, to_minute=1440, every_minutes=60, pool="g5", quota=40, max_workers=2,
                last_call_s=4000, promise_s=5400,
            ),
        ),
        visibility_timeout_s=120, queue_retention_s=345_600, job_timeout_s=900, runnable_limit_s=900,
        dispatcher_memory_mb=256, root_volume_gb=60, results_kept_days=30,
    )  # fmt: skip


def batch(*lines: Line, backlog: BacklogRun | None = None) -> Candidate:
    return Candidate(
        architecture="batch", feasible=True, reason="chosen", design=batch_design(), bill=Bill(lines=lines),
        wait=Wait(p50_s=900, p99_s=1620, at_percentile_s=1620, worst_s=1700), operations=OPERATIONS, utilization=0.42,
        monthly_requests=45_000, backlog=backlog,
    )  # fmt: skip


def make_plan(*lines: Line, backlog: BacklogRun | None = None, **changes: object) -> Plan:
    chosen = batch(*(lines or (SPOT, FREE)), backlog=backlog)
    late = Candidate(
        architecture="realtime", feasible=False, reason="too slow: p99 74 s against 1 s", operations=OPERATIONS,
        monthly_requests=45_000,
    )  # fmt: skip
    fields: dict[str, object] = {
        "profile": ProfileReference(name="loan-documents", digest="abc"),
        "prices": PricesReference(region="us-east-1", as_of="2026-10-01"),
        "choice": Choice(
            architecture="batch", why=("99 % of requests are ready within 27 min",), monthly=chosen.bill.total,
            operations=OPERATIONS, wait=chosen.wait, per_1000_requests="3.20", utilization=0.42,
        ),
        "candidates": (late, chosen),
    }  # fmt: skip
    return Plan.model_validate(fields | changes)


def printed(plan: Plan, *, details: bool = False) -> str:
    out = io.StringIO()
    print_plan(console(out), plan, details=details)
    return out.getvalue()


def row(text: str, *words: str) -> str:
    return next(line for line in text.splitlines() if all(word in line for word in words))


def test_the_first_two_lines_are_the_question_and_the_answer():
    question, answer = printed(make_plan()).splitlines()[:2]
    assert question == "loan-documents: how long can the people waiting really wait? 30 min to 1.5 h"
    assert answer.rstrip() == "batch: USD 144 a month, p99 wait 27 min (limit 30 min)"


def test_the_limit_is_that_of_the_regime_whose_wait_is_shown():
    plan = make_plan()
    slow = plan.choice.model_copy(update={"wait": Wait(p50_s=2000, p99_s=5000, at_percentile_s=5000, limit_s=5400)})
    assert verdict(plan.model_copy(update={"choice": slow})).endswith("p99 wait 83.3 min (limit 1.5 h)")


def test_the_wait_of_the_worst_hour_is_told_apart_from_that_of_all_hours():
    plan = make_plan()
    assert "worst hour" not in printed(plan)
    worst = plan.choice.model_copy(update={"wait": Wait(p50_s=1, p99_s=2, at_percentile_s=2.4, in_worst_hour=True)})
    text = printed(plan.model_copy(update={"choice": worst}))
    assert "p99 wait 2.4 s in the worst hour (limit 30 min)" in text
    assert "p50 and p99 are over all hours; the p99 of the first line is the worst hour's." in text


def test_nothing_fits_says_what_comes_closest_and_what_to_relax():
    plan = make_plan(choice=None, closest=Closest(architecture="batch", relax="latency.max_wait (1 s): too slow"))
    text = printed(plan)
    assert "nothing fits; closest is batch, relax latency.max_wait (1 s): too slow" in text
    assert "too slow: p99 74 s against 1 s" in " ".join(text.split())


def test_each_candidate_shows_whether_it_fits_its_waits_its_money_and_its_reason():
    text = printed(make_plan())
    assert row(text, "batch", "yes").split() == [
        "batch", "yes", "15", "min", "27", "min", "28.3", "min", "144", "126", "to", "180", "475", "619",
    ]  # fmt: skip
    assert row(text, "realtime", "no").split() == ["realtime", "no"]
    assert "- realtime: too slow: p99 74 s against 1 s" in text


def test_a_line_shows_quantity_price_and_amount_with_its_range():
    assert row(printed(make_plan()), "workers on spot").split() == [
        "ec2", "workers", "on", "spot", "320", "hour", "0.45", "144", "126", "to", "180",
    ]  # fmt: skip


def test_free_is_free_and_unpriced_is_unpriced_and_the_total_says_what_it_leaves_out():
    text = printed(make_plan(SPOT, FREE, UNPRICED))
    assert row(text, "policies").split()[-1] == "free"
    assert row(text, "standing concurrency").split()[-1] == "unpriced"
    assert "total a month of what has a price" in text
    assert "The total leaves out what has no price in the book: sagemaker.provisioned." in text
    assert "USD 144 a month and what has no price" in text


def test_a_bill_whole_in_prices_has_a_plain_total():
    text = printed(make_plan())
    assert row(text, "total a month").split() == ["total", "a", "month", "144", "126", "to", "180"]
    assert "leaves out" not in text


def test_the_fleet_of_today_stands_beside_the_choice():
    today = Current(description="realtime, 9 x ml.g5.12xlarge all day", stated=47000, priced=46587, difference=46856)
    text = " ".join(printed(make_plan(current=today)).split())
    assert "USD 47,000 a month as stated, USD 46,587 at this book's prices" in text
    assert "batch costs USD 46,856 less (99.7%)" in text


def test_a_backlog_is_told_apart_from_the_month():
    run = BacklogRun(items=10_000, within_s=172_800, takes_s=36_000, workers=3, bill=Bill(lines=(SPOT,)))
    text = printed(make_plan(backlog=run))
    assert "Backlog, once: 10,000 items" in text
    assert "Done in 10 h of the 48 h allowed, on 3 workers, for USD 144 besides the month's bill." in " ".join(
        text.split()
    )


def test_assumptions_are_a_count_until_asked_for():
    used = (UsedAssumption(name="spot.miss", value="0.15", unit="share", source="measured", as_of="2026-11"),)
    assert "Rests on 1 assumptions" in printed(make_plan(assumptions=used))
    detailed = printed(make_plan(assumptions=used), details=True)
    assert row(detailed, "0.15").split() == ["spot.miss", "0.15", "share", "measured", "2026-11"]
    assert "ec2 spot: aws spot feed, 2026-10-01, medium confidence" in detailed


def test_what_was_left_out_and_what_to_mind_are_said():
    plan = make_plan(
        not_considered=(NotConsidered(what="g6.xlarge", reason="not measured"),), warnings=("budget exceeded",)
    )
    text = printed(plan)
    assert "- g6.xlarge: not measured" in text
    assert "- budget exceeded" in text


def test_a_report_fits_a_hundred_columns_and_has_no_colour_outside_a_terminal():
    long = SPOT.model_copy(update={"description": "an endpoint's instances and all that stands beside them " * 3})
    text = printed(make_plan(long, UNPRICED, warnings=("a very long sentence " * 20,)), details=True)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_narrow_terminal_loses_columns_and_never_a_figure(width: int):
    out = io.StringIO()
    narrow = console(out)
    narrow.width = width
    print_plan(narrow, plan(load_profile("stacks/profiles/loan-documents.yaml")))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    (chosen,) = [line for line in lines if line.startswith("batch ")]
    assert chosen.split()[1] == "yes"
    assert chosen.split()[-1] == "581"
    assert ("62 to 166" in chosen) == (width == 100)
    (alarms,) = [line for line in lines if line.split()[:1] == ["alarms"]]
    assert "1.10" in alarms
