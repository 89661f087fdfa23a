"""Batching on the server: each case by hand, then exactly as SimPy's processes on the same arrivals."""

import json
from pathlib import Path

import numpy as np
import pytest

from headway.architectures.design import RealtimeDesign
from headway.errors import HeadwayError
from headway.planning.search import plan
from headway.profile import Profile, read_profile
from headway.simulation import Batching, replay
from headway.simulation.arrivals import Timed
from headway.simulation.batching import BatchingEndpoint
from headway.simulation.kernels import simple_queue
from headway.sizing.service_time import BatchTime
from tests.journeys.typed import headway
from tests.simulation.oracle import batching_endpoint

TIME = BatchTime.fit([(1, 0.2), (32, 1.75)])
"""0.05 s a request and 0.15 s a batch."""
MEASURED = [
    {"hardware": "g5.xlarge", "batch": 1, "seconds": 0.2},
    {"hardware": "g5.xlarge", "batch": 32, "seconds": 1.75},
]


def profile(per_hour: float = 9000, wait: str = "2s", measured: list[dict[str, object]] | None = None) -> Profile:
    return read_profile(
        {
            "name": "b", "latency": {"max_wait": wait}, "traffic": {"per_hour": per_hour, "peak_factor": 1.2},
            "model": {"load_time": "30s", "request": "20KB", "measured": measured or MEASURED},
        }
    )  # fmt: skip


def endpoint(instances: int, declared: Profile | None = None) -> RealtimeDesign:
    design = next(one.design for one in plan(declared or profile(), only="realtime").candidates if one.design)
    assert isinstance(design, RealtimeDesign)
    fixed = {
        "autoscaled": False,
        "invocations_per_instance": None,
        "floors": (instances,) * 168,
        "max_instances": instances,
    }
    return design.model_copy(update=fixed)


def follow(arrived: list[float], most: int, delay_s: float, *, instances: int = 1, places: int = 1) -> list[float]:
    """When each is done."""
    there = BatchingEndpoint(endpoint(instances), Batching(most, delay_s), TIME, places, 0)
    came, done = there.hour(0, np.array(arrived), np.ones(len(arrived)))
    later, rest = there.rest()
    order = np.argsort(np.concatenate([came, later]), kind="stable")
    found: list[float] = np.concatenate([done, rest])[order].tolist()
    return found


def test_the_oldest_waits_for_others_no_longer_than_it_may():
    # Two by 0.1 s; the third finds the model busy until 0.35 and has waited enough by then.
    assert follow([0.0, 0.05, 0.2], 8, 0.1) == pytest.approx([0.35, 0.35, 0.55])


def test_a_full_batch_starts_at_once_and_what_is_over_waits_its_turn():
    assert follow([0.0, 0.01, 0.02, 0.03, 0.04], 4, 10.0) == pytest.approx([0.38] * 4 + [10.04 + 0.2])


def test_what_waits_while_the_model_works_is_one_batch_without_any_delay():
    assert follow([0.0, 0.01, 0.02, 0.03], 8, 0.0) == pytest.approx([0.2, 0.5, 0.5, 0.5])


def test_two_places_work_at_once_and_two_instances_gather_each_for_itself():
    assert follow([0.0, 0.01, 0.02], 8, 0.0, places=2) == pytest.approx([0.2, 0.21, 0.4])
    # By turns: 0.00 and 0.02 to the one, 0.01 and 0.03 to the other.
    assert follow([0.0, 0.01, 0.02, 0.03], 8, 0.05, instances=2) == pytest.approx([0.3, 0.31, 0.3, 0.31])


def test_who_still_gathers_at_an_hours_end_is_done_in_the_next():
    there = BatchingEndpoint(endpoint(1), Batching(8, 2.0), TIME, 1, 0)
    assert there.hour(0, np.array([3599.0]), np.ones(1))[0].size == 0
    came, done = there.hour(1, np.array([3600.5]), np.ones(1))
    assert came.tolist() == [3599.0, 3600.5]
    assert done.tolist() == pytest.approx([3601.25, 3601.25])
    assert (there.batches, there.busy_s) == (1, pytest.approx(0.25))


def test_batches_of_one_on_one_instance_are_the_plain_queue():
    draw = np.random.default_rng(3)
    arrived = np.sort(draw.random(6000) * 3600)
    plain = simple_queue(arrived, np.full(arrived.size, 0.2), 2)
    assert follow(arrived.tolist(), 1, 0.0, places=2) == pytest.approx(plain.tolist())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("per_hour", "most", "delay_s", "instances", "places"),
    [
        (9000, 8, 0.05, 1, 1),
        (40_000, 8, 0.05, 1, 1),
        (40_000, 16, 0.3, 3, 1),
        (60_000, 4, 0.02, 2, 2),
        (3000, 32, 1.0, 2, 1),
    ],
)
def test_the_same_arrivals_are_done_at_the_same_times_as_in_simpy(
    seed: int, per_hour: int, most: int, delay_s: float, instances: int, places: int
):
    draw = np.random.default_rng(seed)
    arrived = np.sort(draw.random(per_hour // 4) * 900).tolist()
    expected = batching_endpoint(arrived, most, delay_s, lambda size: 0.15 + 0.05 * size, instances, places)
    assert follow(arrived, most, delay_s, instances=instances, places=places) == pytest.approx(expected)


def test_instances_that_come_and_go_answer_everybody():
    there = BatchingEndpoint(endpoint(3), Batching(8, 0.05), TIME, 1, 0)
    there.pending = [(100.0, -2), (200.0, 1)]
    arrived = np.sort(np.random.default_rng(1).random(4000) * 400)
    came, done = there.hour(0, arrived, np.ones(arrived.size))
    assert came.size == arrived.size
    assert there.instances[2].tolist().count(1) == 2
    assert not there.instances[:2].any()
    # One alone at 10 a second waits for more of its own batches than three do.
    waits = done - came
    alone = (came > 110) & (came < 200)
    assert waits[alone].mean() > waits[came < 100].mean()


def test_batching_turns_a_fleet_that_drowns_into_one_that_is_in_time():
    declared = profile()
    design = endpoint(1, declared)
    # 9 requests a second: one at a time an instance does 5.
    arrived = np.sort(np.random.default_rng(5).random(9 * 3600) * 3600)
    plain, batched = (
        replay(design, Timed(arrived), declared, batching=batching) for batching in (None, Batching(8, 0.05))
    )
    assert plain.p50_s is not None
    assert plain.p50_s > 100
    assert batched.p99_s is not None
    assert batched.p99_s < 1.5
    (part,) = batched.parts
    assert part.batches is not None
    assert 2 < arrived.size / part.batches < 8
    assert part.utilization is not None
    assert part.utilization == pytest.approx((0.15 * part.batches + 0.05 * arrived.size) / 3600, rel=0.02)
    # The same instances: the same bill.
    assert batched.monthly.total.expected == plain.monthly.total.expected


@pytest.mark.parametrize(
    ("batching", "measured", "says"),
    [
        (Batching(64, 0.05), None, "a batch of 64 was not measured on g5.xlarge (largest: 32)"),
        (Batching(1, 0.0), None, ""),
        (
            Batching(4, 0.05),
            [{"hardware": "g5.xlarge", "batch": 8, "seconds": 0.5}],
            "one batch size alone was measured",
        ),
        (Batching(0, 0.05), None, "batches of 0 after 0.05 s: at least 1"),
    ],
)
def test_what_nobody_measured_is_not_guessed(batching: Batching, measured: list[dict[str, object]] | None, says: str):
    declared = profile(100, "5s", measured)
    design = endpoint(1, declared)
    if not says:
        assert replay(design, Timed(np.array([1.0])), declared, batching=batching).requests == 1
        return
    with pytest.raises(HeadwayError) as told:
        replay(design, Timed(np.array([1.0])), declared, batching=batching)
    assert says in str(told.value)


def test_only_a_real_time_endpoint_batches_on_the_server():
    declared = profile(100, "1h")
    made = plan(declared, only="batch")
    assert made.design is not None
    with pytest.raises(HeadwayError, match="the design is batch: only a real-time endpoint"):
        replay(made.design, Timed(np.array([1.0])), declared, batching=Batching(8, 0.05))


MINE = """
name: mine
latency: {max_wait: 2s}
traffic: {per_hour: 30000, peak_factor: 1.2}
model:
  load_time: 30s
  request: 20KB
  measured: [{hardware: g5.xlarge, batch: 1, seconds: 0.2}, {hardware: g5.xlarge, batch: 32, seconds: 1.75}]
"""


def test_a_third_of_the_instances_would_do_if_the_container_batched(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text(MINE)
    asked = ("simulate", "mine.yaml", "--only", "realtime", "--weeks", "0.02", "--format", "json")
    plain, batched = (
        json.loads(headway(*asked, *more, cwd=tmp_path).out)
        for more in ((), ("--batching", "8,50ms", "--instances", "1"))
    )
    assert plain["parts"][0]["instance_hours"] == 3 * batched["parts"][0]["instance_hours"]
    assert batched["within"] >= 0.99
    assert batched["parts"][0]["batches"] > 0
    assert float(batched["monthly"]["total"]["expected"]) < 0.4 * float(plain["monthly"]["total"]["expected"])
    said = headway(*asked[:-2], "--batching", "8,50ms", cwd=tmp_path)
    assert "requests a batch on average; what is planned is without" in said.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--batching", "8"), "--batching 8: how many, and how long the oldest waits, is needed: 8,50ms"),
        (("--batching", "8,50"), "a time needs its unit"),
        (("--batching", "0,1s"), "a batch has one request or more"),
        (("--instances", "2"), "how many would do with --batching"),
        (("--only", "realtime", "--batching", "64,1s"), "a batch of 64 was not measured on g5.xlarge (largest: 32)"),
    ],
)
def test_every_way_to_ask_for_batches_wrong_is_one_error(tmp_path: Path, options: tuple[str, ...], says: str):
    (tmp_path / "mine.yaml").write_text(MINE)
    said = headway("simulate", "mine.yaml", *options, cwd=tmp_path)
    assert said.code == 1
    assert says in said.err
    assert len(said.err.splitlines()) == 1
