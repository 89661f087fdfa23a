"""What a design can serve in each hour of the week."""

from dataclasses import replace
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.architectures import Workload
from headway.architectures.capacity import Departure, departures_of, weekly_capacity
from headway.architectures.design import BatchDesign, RealtimeDesign
from headway.bill.pricing import Pricing
from headway.prices import load_book
from headway.profile import Profile
from headway.traffic import build_demand


def workload(profile: Profile) -> Workload:
    return Workload(profile, build_demand(profile), Pricing(load_book(), profile.region))


def profile(name: str) -> Profile:
    return load_profile(Path("stacks/profiles") / f"{name}.yaml")


def test_an_endpoint_serves_its_instances_times_what_each_does() -> None:
    declared = profile("fraud-check")
    design = plan(declared).design
    assert isinstance(design, RealtimeDesign)
    (part,) = weekly_capacity(design, workload(declared))
    service, concurrency = workload(declared).single_service(design.instance_type.removeprefix("ml."))
    assert part.instances == design.floors
    assert part.per_hour[30] == pytest.approx(design.floors[30] * concurrency * 3600 / service.mean)


def test_departures_take_all_that_they_can_since_the_one_before() -> None:
    declared = profile("loan-documents")
    design = plan(declared).design
    assert isinstance(design, BatchDesign)
    (part,) = weekly_capacity(design, workload(declared))
    assert sum(part.per_hour) == pytest.approx(sum(one.items for one in departures_of(design)))
    assert len(part.departures) == len({one.minute for one in part.departures})
    assert [one.minute for one in part.departures] == sorted(one.minute for one in part.departures)


def test_one_departure_a_week_is_spread_over_all_of_it() -> None:
    declared = profile("loan-documents")
    design = plan(declared).design
    assert isinstance(design, BatchDesign)
    rule = design.departures[0].model_copy(
        update={"days": (2,), "from_minute": 90, "to_minute": 91, "every_minutes": 60, "quota": 84, "max_workers": 2}
    )
    lone = design.model_copy(update={"departures": (rule,)})
    assert list(departures_of(lone)) == [Departure(2 * 1440 + 90, 168)]
    (part,) = weekly_capacity(lone, workload(declared))
    assert part.per_hour == pytest.approx((1.0,) * 168)


@pytest.mark.parametrize(
    "name", ["loan-documents", "photo-tags", "moderation", "contact-form", "video-analysis", "transaction-risk"]
)
def test_every_part_can_serve_the_demand_it_is_sized_for(name: str) -> None:
    """Over the week: a queue may be longer than an hour."""
    declared = profile(name)
    made = workload(declared)
    design = plan(declared).design
    assert design is not None
    parts = weekly_capacity(design, made)
    for part in parts:
        assert len(part.per_hour) == 168
        assert sum(part.per_hour) >= part.share * sum(made.demand.mean)
    if name == "moderation":
        assert sum(part.share for part in parts) == pytest.approx(1)


def test_features_leave_less_work_to_each_request() -> None:
    declared = profile("transaction-risk")
    design = plan(declared).design
    assert design is not None
    (joined,) = weekly_capacity(design, workload(declared))
    bare = declared.model_copy(update={"features": None})
    (whole,) = weekly_capacity(design, replace(workload(declared), profile=bare))
    assert joined.per_hour[0] > whole.per_hour[0]
