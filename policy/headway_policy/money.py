"""What a stack costs: over its budget, and what its bill knows nothing of."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pulumi_policy import EnforcementLevel, PolicyResource, ReportViolation, StackValidationArgs, StackValidationPolicy

from headway.bill.coverage import FREE, coverage
from headway.bill.limit import above
from headway.units import format_usd
from headway_policy.reading import PROJECT, component_of, components, config, known, locked_plan


def over_budget(args: StackValidationArgs, report: ReportViolation) -> None:
    """Each component against its profile's budget, all of them against the stack's."""
    told, total = args.get_config(), Decimal(0)
    for one in components(args.resources):
        # As Python puts it out, or another language.
        bill = known(one.props, "monthly_bill") or known(one.props, "monthlyBill")
        expected = _amount(bill, "expected")
        if expected is None:
            continue
        total += expected
        budget = _amount(one.props, "budget")
        if budget is not None and expected > budget:
            report(
                f"{one.name} would cost {format_usd(expected, cents=True)} a month, above its budget of "
                f"{format_usd(budget, cents=True)}{_lines(told, one, budget)}. Raise budget.monthly in the profile, or "
                "look at `headway plan --curve`: what would a longer wait cost?",
                one.urn,
            )
    most = _amount(told, "monthly")
    if most is not None and total > most:
        report(
            f"the stack would cost {format_usd(total, cents=True)} a month, above the {format_usd(most, cents=True)} "
            "that this policy is configured for. Scale it down (headway:scale), or raise the policy's `monthly`.",
            None,
        )


def uncovered(args: StackValidationArgs, report: ReportViolation) -> None:
    """What costs something and is on no bill: beside Headway's components, or unknown to theirs."""
    told = args.get_config()
    accepted = set(told.get("accepted") or ())
    bills: dict[str, set[str]] = {}
    for one in args.resources:
        if not one.resource_type.startswith("aws:") or one.resource_type in accepted:
            continue
        above_it = component_of(one)
        if above_it is None:
            if one.resource_type not in FREE:
                report(
                    f"{one.name} ({one.resource_type}) is on no bill: Headway does not know how much it is used. Price "
                    "it with `headway price`, then add its type to this policy's `accepted`.",
                    one.urn,
                )
            continue
        if above_it.urn not in bills:
            bills[above_it.urn] = _missing(told, above_it, args.resources)
        if one.resource_type in bills[above_it.urn]:
            report(
                f"{one.name} ({one.resource_type}) is not on the bill of {above_it.name}: lock again "
                "(`headway lock`); if it stays, its component and its bill differ, which is a bug to report.",
                one.urn,
            )


def _missing(told: Mapping[str, Any], component: PolicyResource, resources: list[PolicyResource]) -> set[str]:
    """Types below a component that its locked bill does not name; none where there is no lock to ask."""
    plan = locked_plan(told, component)
    if plan is None or plan.chosen is None or plan.chosen.bill is None:
        return set()
    below = (one.resource_type for one in resources if component_of(one) is component)
    return set(coverage(plan.chosen.bill, below).missing)


def _lines(told: Mapping[str, Any], component: PolicyResource, limit: Decimal) -> str:
    plan = locked_plan(told, component)
    lines = above(plan.chosen.bill, limit) if plan and plan.chosen and plan.chosen.bill else None
    return f"; {lines}" if lines else ""


def _amount(values: Any, name: str) -> Decimal | None:
    value = known(values, name) if isinstance(values, Mapping) else None
    try:
        amount = None if value is None or value == "" else Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


OVER_BUDGET = StackValidationPolicy(
    name="over-budget",
    description="The expected AWS bill stays within the profile's budget, and within this policy's.",
    validate=over_budget,
    enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=config(
        {
            "monthly": {"type": "number", "description": "The most USD a month for all of the stack's components."},
            "project": PROJECT,
        }
    ),
)
UNCOVERED = StackValidationPolicy(
    name="not-on-the-bill",
    description="Whatever costs something is on the bill, free, or accepted by name.",
    validate=uncovered,
    enforcement_level=EnforcementLevel.ADVISORY,
    config_schema=config(
        {
            "accepted": {
                "type": "array", "items": {"type": "string"}, "default": [],
                "description": "Types whose cost somebody has looked at, such as aws:rds/instance:Instance.",
            },
            "project": PROJECT,
        }
    ),
)  # fmt: skip
