import pytest

from headway.architectures import ARCHITECTURES, realtime
from headway.architectures.design import RealtimeDesign
from headway.sizing.queueing import response_quantile
from headway.sizing.service_time import ServiceTime
from tests.architectures.workloads import workload

OFFICE = {
    "shape": [{"days": "weekdays", "hours": "08-18", "per_hour": 9000}, {"per_hour": 100}],
    "peak_factor": 1.5,
}  # fmt: skip


def test_the_fewest_instances_meet_the_wait_at_the_busiest_sustained_rate() -> None:
    work = workload(latency={"max_wait": "10s"}, traffic={"per_hour": 9000, "peak_factor": 2.0})
    (flat,) = [c for c in realtime.plan(work) if c.design and not c.design.autoscaled]  # type: ignore[union-attr]
    assert isinstance(flat.design, RealtimeDesign)
    count = flat.design.floors[0]
    service = ServiceTime(2.0, 0.3)
    assert response_quantile(18_000 / 3600, service, count, 0.99) < 10
    assert response_quantile(18_000 / 3600, service, count - 1, 0.99) > 9.9
    assert flat.wait is not None
    assert flat.wait.p50_s < flat.wait.p99_s < flat.wait.at_percentile_s <= 10
    assert flat.wait.worst_s is None


def test_floors_follow_the_week_and_are_up_an_hour_early() -> None:
    work = workload(latency={"max_wait": "10s"}, traffic=OFFICE)
    (scaled,) = [c for c in realtime.plan(work) if c.design and c.design.autoscaled]  # type: ignore[union-attr]
    design = scaled.design
    assert isinstance(design, RealtimeDesign)
    assert design.floors[7] == design.floors[8] == max(design.floors)
    assert design.floors[6] == design.floors[18] == min(design.floors)
    assert design.max_instances > design.initial_count
    hosting = scaled.bill.lines[0].quantity.expected  # type: ignore[union-attr]
    assert float(hosting) >= sum(design.floors) * 730 / 168


def test_autoscaling_is_cheaper_and_more_work() -> None:
    flat, scaled = realtime.plan(workload(latency={"max_wait": "10s"}, traffic=OFFICE))
    assert flat.monthly is not None
    assert scaled.monthly is not None
    assert scaled.monthly.expected < flat.monthly.expected
    assert scaled.operations.hours > flat.operations.hours


def test_traffic_that_cannot_be_predicted_has_no_schedule() -> None:
    found = realtime.plan(workload(latency={"max_wait": "10s"}, traffic=OFFICE | {"predictable": False}))
    assert [one.design.autoscaled for one in found] == [False]  # type: ignore[union-attr]


def test_high_availability_is_one_instance_more() -> None:
    def count(**changes: str) -> int:
        design = realtime.plan(workload(latency={"max_wait": "10s"}, **changes))[0].design
        assert isinstance(design, RealtimeDesign)
        return design.initial_count

    assert count(availability="high") == count() + 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"latency__max_wait": "1s"}, r"too slow: p99 .* on g5.xlarge without any waiting, against 1 s"),
        ({"model__measured": [{"hardware": "g5.xlarge", "seconds": 70}]}, r"an endpoint answers within 60 s"),
        ({"model__request": "7MB"}, r"6\.29 MB|6.3 MB"),
        ({"model__measured": [{"hardware": "serverless-4GB", "seconds": 1}]}, "no instance type was measured"),
    ],
)
def test_what_real_time_cannot_do_it_says(changes: dict[str, object], expected: str) -> None:
    (found,) = realtime.plan(workload(**changes))
    assert not found.feasible
    assert found.bill is None
    import re

    assert re.search(expected, found.reason), found.reason


def test_an_environment_that_allows_too_few_instances_is_told_how_many_are_needed() -> None:
    (found,) = realtime.plan(workload(most=2, latency={"max_wait": "10s"}, traffic={"per_hour": 9000}))
    assert not found.feasible
    assert "max_instances allows 2" in found.reason


def test_every_architecture_bills_the_design_that_it_planned() -> None:
    work = workload(latency={"max_wait": "2m"})
    for name, architecture in ARCHITECTURES.items():
        for one in architecture.plan(work):
            if one.design is not None:
                assert architecture.bill(one.design, work) == one.bill, name
