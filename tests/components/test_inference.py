"""Inference and the program: what a plan chose is what is registered, and all of it is on the bill."""

from pathlib import Path

import pulumi
import pytest

from headway import load_profile, plan
from headway.bill import coverage
from headway.errors import HeadwayError
from headway.planning.lock import Settings, make_lock, write_lock
from headway.planning.plan import Plan
from headway_components import Inference
from headway_components.inference import COMPONENTS
from tests.architectures.hybrids import bundled as bundled_profile
from tests.components.provisioned import Provisioned, provision

PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))
BY_NAME = {path.stem: path for path in PROFILES}


def provisioned(made: Plan) -> Provisioned:
    return provision(lambda: Inference("work", {"plan": made}) and None)


@pytest.fixture(scope="module", params=PROFILES, ids=lambda path: path.stem)
def bundled(request: pytest.FixtureRequest) -> tuple[Plan, Provisioned]:
    made = plan(load_profile(request.param))
    return made, provisioned(made)


def test_every_resource_of_every_bundled_profile_is_on_the_bill_or_listed(bundled: tuple[Plan, Provisioned]) -> None:
    made, registered = bundled
    assert made.chosen is not None
    assert made.chosen.bill is not None
    found = coverage(made.chosen.bill, [one.type for one in registered.resources])
    assert found.missing == ()
    assert len(found.billed) >= 3


def test_the_bill_charges_for_the_alarms_that_are_made(bundled: tuple[Plan, Provisioned]) -> None:
    made, registered = bundled
    assert made.chosen is not None
    assert made.chosen.bill is not None
    alarms = registered.all("cloudwatch:MetricAlarm")
    # CloudWatch charges an alarm for every metric that it looks at.
    watched = sum(sum("metric" in query for query in one.inputs.get("metricQueries", [])) or 1 for one in alarms)
    # Target tracking makes one alarm to scale out and one to scale in.
    tracking = [one for one in registered.all("appautoscaling:Policy") if "Tracking" in one.inputs["policyType"]]
    watched += 2 * len(tracking)
    billed = sum(one.quantity.expected for one in made.chosen.bill.lines if one.meter == "alarm_standard")
    assert billed == watched


def test_a_preview_shows_what_runs_and_its_bill(bundled: tuple[Plan, Provisioned]) -> None:
    made, registered = bundled
    assert made.choice is not None
    (whole,) = registered.all("headway:index:Inference")
    assert whole.inputs["architecture"] == made.choice.architecture
    assert float(whole.inputs["monthlyBill"]["expected"]) == pytest.approx(
        float(made.choice.monthly.expected), abs=0.01
    )


def test_what_a_design_leaves_behind_is_all_of_its_data_and_as_it_was(bundled: tuple[Plan, Provisioned]) -> None:
    made, registered = bundled
    of, simple = load_profile(BY_NAME["contact-form"]), plan(load_profile(BY_NAME["contact-form"]), only="serverless")
    simple, settings = simple.model_copy(update={"profile": made.profile}), Settings(profile="x")
    before = make_lock("dev", settings, of, made)
    after = make_lock("dev", settings, of, simple, before=before)
    left = provision(lambda: pulumi.export("kept", Inference("work", {"plan": after}).outputs.get("kept", {})))

    def data(of: Provisioned) -> dict[tuple[str, str], object]:
        return {
            (one.type, one.name): (one.urn, one.inputs) for one in of.resources if one.type.startswith(HOLDING_DATA)
        }

    assert data(left) == data(registered)
    back = make_lock("dev", settings, of, made, before=after)
    assert back.former == ()
    told = {kind for one in after.standing.kept for kind in one.holds}
    # Where it is, is an output: no other says so any more.
    assert {name for type_, name in data(left) if type_ in KINDS.values()} == {
        value.rpartition("/")[2] for one in left.outputs["kept"].values() for value in one.values()
    }
    assert told == {kind for kind, of_type in KINDS.items() if any(key == of_type for key, _ in data(left))}
    forgotten = make_lock("dev", settings, of, simple, before=after, forget=[one.architecture for one in after.former])
    assert forgotten.former == ()


def test_an_endpoint_that_loses_its_router_keeps_what_the_ladder_queued() -> None:
    of = load_profile(BY_NAME["delivery-estimate"])
    settings = Settings(profile="x")
    before = make_lock("dev", settings, of, plan(of))
    bare = of.model_copy(update={"fallback": (), "fallback_answer": None})
    after = make_lock("dev", settings, bare, plan(bare, only="realtime"), before=before)
    routed, left = (provision(lambda lock=lock: Inference("work", {"plan": lock}) and None) for lock in (before, after))

    def data(of: Provisioned) -> dict[str, object]:
        return {one.urn: one.inputs for one in of.resources if one.type.startswith(HOLDING_DATA)}

    assert data(left) == data(routed)
    assert left.all("lambda:Function") == []


def test_a_rung_that_is_removed_leaves_its_data_where_the_ladder_stays() -> None:
    of = load_profile(BY_NAME["delivery-estimate"])
    settings = Settings(profile="x")
    lock = make_lock("dev", settings, of, plan(of))
    made = {(): provision(lambda: Inference("work", {"plan": lock}) and None)}
    # One rung after the other goes, and what each held stays; at last a cache comes back to its table.
    for rungs in (("cache", "default"), ("default",), ("cache", "default")):
        fewer = of.model_copy(update={"fallback": rungs})
        lock = make_lock("dev", settings, fewer, plan(fewer, only="realtime"), before=lock)
        made[rungs] = provision(lambda lock=lock: Inference("work", {"plan": lock}) and None)

        def data(of: Provisioned) -> dict[str, object]:
            return {one.urn: one.inputs for one in of.resources if one.type.startswith(HOLDING_DATA)}

        assert data(made[rungs]) == data(made[()]), rungs
        assert made[rungs].all("lambda:EventSourceMapping") == [], "nobody takes from a queue of no rung"
    forgotten = make_lock("dev", settings, fewer, plan(fewer, only="realtime"), before=lock, forget=["realtime"])
    left = provision(lambda: Inference("work", {"plan": forgotten}) and None)
    assert (left.all("sqs:Queue"), len(left.all("dynamodb:Table"))) == ([], 1), "forgotten, it goes; what serves stays"


def test_a_hybrid_that_loses_its_whole_ladder_keeps_what_that_held() -> None:
    bare = bundled_profile("moderation")
    laddered = bundled_profile("moderation", fallback=["cache", "queue"])
    settings = Settings(profile="x")
    before = make_lock("dev", settings, laddered, plan(laddered, only="tiered"))
    after = make_lock("dev", settings, bare, plan(bare, only="tiered"), before=before)
    queued, left = (provision(lambda lock=lock: Inference("work", {"plan": lock}) and None) for lock in (before, after))

    def data(of: Provisioned) -> set[str]:
        return {one.urn for one in of.resources if one.type.startswith(HOLDING_DATA)}

    assert data(left) == data(queued)
    assert any(urn.endswith("::work-requests") for urn in data(left))


KINDS = {"queue": "aws:sqs/queue:Queue", "table": "aws:dynamodb/table:Table", "bucket": "aws:s3/bucket:Bucket"}
HOLDING_DATA = ("aws:sqs/queue:", "aws:sqs/queuePolicy:", "aws:dynamodb/table:", "aws:s3/bucket:", "aws:s3/bucketPolicy:",
                "aws:s3/bucketLifecycle", "aws:s3/bucketPublic", "aws:s3/bucketOwnership", "aws:s3/bucketServer")  # fmt: skip


def test_an_architecture_cannot_run_alongside_itself_and_two_are_one_bill() -> None:
    profile = load_profile(BY_NAME["loan-documents"])
    batch, microbatch = plan(profile, only="batch"), plan(profile, only="microbatch")
    settings = Settings(profile="x")
    with pytest.raises(HeadwayError, match="batch cannot run alongside itself"):
        provision(
            lambda: Inference("work", {"plan": make_lock("dev", settings, profile, batch, alongside=batch)}) and None
        )
    both = make_lock("dev", settings, profile, batch, alongside=microbatch)
    made = provision(lambda: Inference("work", {"plan": both}) and None)
    assert batch.choice is not None
    assert microbatch.choice is not None
    expected = batch.choice.monthly.expected + microbatch.choice.monthly.expected
    (whole,) = made.all("headway:index:Inference")
    assert float(whole.inputs["monthlyBill"]["expected"]) == pytest.approx(float(expected), abs=0.02)
    with pytest.raises(HeadwayError, match="above max_monthly"):
        provision(lambda: Inference("work", {"plan": both, "max_monthly": batch.choice.monthly.expected + 1}) and None)  # type: ignore[union-attr]
    names = [one.inputs["dashboardName"] for one in made.all("cloudwatch:Dashboard")]
    assert len(names) == len(set(names)) == 2


def test_one_line_says_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.info", lambda message, *_: said.append(message))
    provisioned(plan(load_profile(BY_NAME["contact-form"])))
    assert said == ["serverless: USD 0.76 a month, p95 wait 6.4 s (limit 8 s)"]


def test_the_outputs_say_what_runs_and_why_and_what_it_costs(bundled: tuple[Plan, Provisioned]) -> None:
    made, registered = bundled
    assert made.choice is not None
    (part,) = registered.all(f"headway:index:{COMPONENTS[made.choice.architecture].__name__}")  # type: ignore[attr-defined]
    assert part.name == "work"


def test_a_batch_stack_has_a_queue_and_no_endpoint() -> None:
    import pulumi

    made = plan(load_profile(BY_NAME["loan-documents"]))

    def program() -> None:
        for name, value in Inference("work", {"plan": made}).outputs.items():
            pulumi.export(name, value)

    outputs = provision(program).outputs
    assert outputs["architecture"] == "batch"
    assert outputs["queue_url"].startswith("https://sqs.us-east-1.amazonaws.com/")
    assert "endpoint_name" not in outputs
    assert made.choice is not None
    assert outputs["monthly_bill"]["expected"] == f"{made.choice.monthly.expected:.2f}"
    assert outputs["why"] == list(made.choice.why)


def test_a_profile_given_as_a_path_is_planned() -> None:
    made = provision(lambda: Inference("form", {"profile": str(BY_NAME["contact-form"])}) and None)
    assert made.one("sagemaker:EndpointConfiguration").inputs["productionVariants"][0]["serverlessConfig"]


def test_a_locked_plan_given_as_a_path_is_provisioned(tmp_path: Path) -> None:
    profile = load_profile(BY_NAME["contact-form"])
    lock = make_lock("dev", Settings(profile="x.yaml"), profile, plan(profile))
    write_lock(tmp_path / "dev.json", lock)
    args = {"plan": str(tmp_path / "dev.json"), "profile": profile}
    made = provision(lambda: Inference("form", args) and None)
    (variant,) = made.one("sagemaker:EndpointConfiguration").inputs["productionVariants"]
    assert variant["serverlessConfig"]["memorySizeInMb"] == lock.plan.design.memory_mb  # type: ignore[union-attr]


def test_a_plan_of_another_profile_is_refused() -> None:
    made = plan(load_profile(BY_NAME["contact-form"]))
    args = {"plan": made, "profile": str(BY_NAME["fraud-check"])}
    with pytest.raises(HeadwayError, match="headway lock"):
        provision(lambda: Inference("work", args) and None)


def test_neither_plan_nor_profile_says_what_to_give() -> None:
    with pytest.raises(HeadwayError, match="give a plan"):
        provision(lambda: Inference("work", {}) and None)


def test_a_plan_that_found_nothing_is_not_provisioned() -> None:
    fields = {
        "name": "contact-form", "latency": {"max_wait": "1ms"}, "traffic": {"per_day": 50},
        "model": {"request": "3KB", "measured": [{"hardware": "m5.large", "seconds": 0.4}]},
    }  # fmt: skip
    with pytest.raises(HeadwayError, match="no architecture meets the wait"):
        provision(lambda: Inference("work", {"profile": fields}) and None)


def test_an_endpoint_has_no_use_for_a_wired_queue() -> None:
    args = {
        "profile": str(BY_NAME["fraud-check"]),
        "queue_arn": "arn:aws:sqs:us-east-1:123456789012:q",
        "dead_letter_queue_arn": "arn:aws:sqs:us-east-1:123456789012:d",
    }
    with pytest.raises(HeadwayError, match="queue_arn"):
        provision(lambda: Inference("work", args) and None)


def test_another_region_than_the_profiles_is_refused() -> None:
    import pulumi

    def program() -> None:
        pulumi.runtime.set_all_config({"aws:region": "eu-west-1"})
        Inference("work", {"profile": str(BY_NAME["contact-form"])})

    try:
        with pytest.raises(HeadwayError, match="eu-west-1"):
            provision(program)
    finally:
        pulumi.runtime.set_all_config({})


def test_a_mistake_in_an_inline_profile_is_named_by_its_field() -> None:
    wrong = {"name": "x", "latency": {"max_wait": "5x"}, "traffic": {"per_day": 5}, "model": {"measured": []}}
    with pytest.raises(HeadwayError, match=r"latency\.max_wait: got '5x'"):
        provision(lambda: Inference("work", {"profile": wrong}) and None)
