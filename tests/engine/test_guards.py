"""A cap on the bill, on the real engine: every component ends a preview above it, before anything is made."""

from decimal import Decimal

import pytest

from headway import load_profile, plan
from headway.errors import HeadwayError
from headway_components import Inference
from headway_components.inference import COMPONENTS
from headway_rehearsal.engine import EngineError
from headway_rehearsal.inventory import inventory
from tests.components.test_arguments import EVERY
from tests.engine.conftest import MakeStack

pytestmark = pytest.mark.slow


def test_every_component_above_its_cap_ends_the_preview_with_the_line_that_broke_it(make_stack: MakeStack) -> None:
    plans = {name: plan(load_profile(f"stacks/profiles/{profile}.yaml")) for name, profile in EVERY.items()}
    assert plans.keys() == COMPONENTS.keys()

    def program() -> None:
        """Each component in turn, as far as it goes; then all that they said."""
        said = []
        for name, made in plans.items():
            assert made.chosen is not None
            assert made.chosen.bill is not None
            cap = made.chosen.bill.total.expected - Decimal("0.01")
            own = {"design": made.design, "monthly_bill": made.chosen.bill, "max_monthly": cap}
            for make in (
                lambda own=own, name=name: COMPONENTS[name](name, own),
                lambda made=made, name=name, cap=cap: Inference(f"{name}-whole", {"plan": made, "max_monthly": cap}),
            ):
                try:
                    make()
                except HeadwayError as error:
                    said.append(str(error))
        raise HeadwayError("\n".join(said))

    stack = make_stack(program)
    before = inventory(stack.aws)
    with pytest.raises(EngineError) as stopped:
        stack.preview()
    said = str(stopped.value)
    for name in COMPONENTS:
        for what in (name, f"{name}-whole"):
            (line,) = {
                one
                for one in said.splitlines()
                if one.removeprefix("headway.errors.HeadwayError: ").startswith(f"{what} would cost USD")
            }
            assert "above max_monthly of USD" in line
            assert "largest line" in line
    assert stack.resources() == []
    assert inventory(stack.aws) == before
