"""A week's demand beside its capacity, in a sentence and as a table."""

from headway.architectures.capacity import Departure, PartCapacity
from headway.report.page.week import spans, weeks
from headway.traffic.demand import Demand, Pile

OFFICE = tuple(200.0 if hour // 24 < 5 and 8 <= hour % 24 < 18 else 4.0 for hour in range(168))


def demand(**changes: object) -> Demand:
    fields: dict[str, object] = {
        "timezone": "Europe/Paris", "mean": OFFICE, "peak": tuple(2.5 * value for value in OFFICE),
        "max_wait": (60.0,) * 168, "percentile": 99.0, "arrival_variability": 1.0, "predictable": True,
        "uncertainty": (0.8, 1.25),
    }  # fmt: skip
    return Demand(**(fields | changes))  # type: ignore[arg-type]


def part(**changes: object) -> PartCapacity:
    fields: dict[str, object] = {
        "part": "", "architecture": "realtime", "share": 1.0, "per_hour": (900.0,) * 168, "instances": (2,) * 168,
        "departures": (),
    }  # fmt: skip
    return PartCapacity(**(fields | changes))  # type: ignore[arg-type]


def test_the_busiest_hour_is_said_against_what_can_be_served_in_it():
    (week,) = weeks(demand(), (part(),))
    assert week.said == (
        "The busiest hour, Mon 08:00: 200 requests on average, 500 at its busiest; 900 an hour can be served then; "
        "2 instances at least (Europe/Paris)."
    )


def test_a_part_gets_its_share_of_the_demand():
    live, later = weeks(demand(), (part(part="live", share=0.25), part(part="later", share=0.75, instances=())))
    assert (live.mean[8], later.mean[8]) == (50.0, 150.0)
    assert "instances" not in later.said


def test_floors_that_change_and_departures_are_counted():
    nights = tuple(3 if value > 4 else 1 for value in OFFICE)
    departures = tuple(Departure(minute, 10) for minute in range(0, 10_080, 60))
    floors, leaving = weeks(demand(), (part(instances=nights), part(instances=(), departures=departures)))
    assert "1 to 3 instances at least" in floors.said
    assert "168 departures a week" in leaving.said
    assert leaving.departures_drawn
    assert not floors.departures_drawn


def test_scheduled_work_comes_at_once():
    (week,) = weeks(demand(piles=(Pile(480, 2000.0),)), (part(instances=()),))
    assert week.said.startswith("The busiest run, Mon 08:00: 500 items at once")


def test_hours_and_days_that_are_alike_stand_in_one_row():
    (week,) = weeks(demand(), (part(),))
    rows = [(span.days, span.hours, span.mean, span.peak) for span in spans(week)]
    assert rows == [
        ("Mon to Fri", "00:00 to 08:00", "4", "10"),
        ("Mon to Fri", "08:00 to 18:00", "200", "500"),
        ("Mon to Fri", "18:00 to 24:00", "4", "10"),
        ("Sat, Sun", "00:00 to 24:00", "4", "10"),
    ]
