"""What a component is told: a word that it does not know, and a bill above its limit, end the program at once."""

from decimal import Decimal

import pytest

from headway import load_profile, plan
from headway.errors import HeadwayError
from headway.planning.plan import Plan
from headway_components import Inference
from headway_components.inference import COMPONENTS
from tests.components.provisioned import Provisioned, provision

FRAUD = "stacks/profiles/fraud-check.yaml"
EVERY = {
    "realtime": "fraud-check", "serverless": "contact-form", "asynchronous": "video-analysis",
    "microbatch": "photo-tags", "batch": "loan-documents", "tiered": "moderation",
    "precomputed": "shop-recommendations", "features": "transaction-risk",
}  # fmt: skip


@pytest.fixture(scope="module", params=EVERY.items(), ids=lambda pair: pair[0])
def chosen(request: pytest.FixtureRequest) -> Plan:
    """A plan of each architecture."""
    architecture, profile = request.param
    made = plan(load_profile(f"stacks/profiles/{profile}.yaml"))
    assert made.choice is not None
    assert made.choice.architecture == architecture
    return made


def part(made: Plan, **args: object) -> Provisioned:
    """The architecture's own component, from its design."""
    assert made.chosen is not None
    component = COMPONENTS[made.chosen.architecture]
    return provision(lambda: component("work", {"design": made.design, **args}) and None)


def expected(made: Plan) -> Decimal:
    assert made.choice is not None
    return made.choice.monthly.expected


def test_a_bill_above_the_limit_ends_the_program_before_anything_is_made(chosen: Plan) -> None:
    registered: list[str] = []

    def program() -> None:
        try:
            Inference("work", {"plan": chosen, "max_monthly": expected(chosen) - Decimal("0.01")})
        finally:
            from pulumi.runtime import settings

            monitor = settings.get_monitor()
            registered.extend(one.type for one in monitor.registered)  # type: ignore[union-attr]

    with pytest.raises(HeadwayError, match="above max_monthly of USD"):
        provision(program)
    assert [type_ for type_ in registered if type_ != "pulumi:pulumi:Stack"] == []


def test_the_lines_that_take_it_there_are_named(chosen: Plan) -> None:
    assert chosen.chosen is not None
    bill = chosen.chosen.bill
    assert bill is not None
    largest = max((line for line in bill.lines if line.amount), key=lambda line: line.amount.expected)  # type: ignore[union-attr]
    with pytest.raises(HeadwayError) as refused:
        part(chosen, monthly_bill=bill, max_monthly="0.01")
    assert f"largest line: {largest.description} ({largest.service}) USD" in str(refused.value)


def test_a_bill_within_the_limit_is_told_beside_it(chosen: Plan) -> None:
    assert chosen.chosen is not None
    exact = expected(chosen)
    made = part(chosen, monthly_bill=chosen.chosen.bill, max_monthly=exact)
    whole = made.resources[0]
    assert whole.type.startswith("headway:index:")
    assert whole.inputs["monthlyBill"]["expected"] == f"{exact:.2f}"
    assert Decimal(whole.inputs["maxMonthly"]) == exact


def test_a_bill_known_by_its_total_is_held_against_the_limit_too(chosen: Plan) -> None:
    with pytest.raises(HeadwayError, match=r"would cost USD 12\.00 a month, above max_monthly of USD 11\.00"):
        part(chosen, monthly_bill={"low": "10", "expected": "12", "high": "14"}, max_monthly=11)


def test_a_limit_without_a_bill_is_no_limit_and_says_so(chosen: Plan) -> None:
    with pytest.raises(HeadwayError, match="max_monthly needs monthly_bill"):
        part(chosen, max_monthly=100)


@pytest.mark.parametrize("limit", ["much", -5, 0, float("nan"), "inf"])
def test_a_limit_that_is_no_amount_is_refused(limit: object) -> None:
    with pytest.raises(HeadwayError, match="work: max_monthly: got"):
        provision(lambda: Inference("work", {"profile": FRAUD, "max_monthly": limit}) and None)  # type: ignore[typeddict-item]


def test_a_word_that_is_no_argument_is_refused_with_the_nearest(chosen: Plan) -> None:
    with pytest.raises(HeadwayError, match="work: there is no argument 'subnet_id'; did you mean subnet_ids"):
        part(chosen, subnet_id=["subnet-1"])
    with pytest.raises(HeadwayError, match="did you mean max_monthly"):
        provision(lambda: Inference("work", {"plan": chosen, "max_montly": 5}) and None)  # type: ignore[typeddict-unknown-key]
