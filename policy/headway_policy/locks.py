"""The lock of the stack against its profile and its settings."""

from __future__ import annotations

from pulumi_policy import EnforcementLevel, ReportViolation, StackValidationArgs, StackValidationPolicy

from headway.errors import HeadwayError
from headway.planning.locking import check_stacks
from headway.planning.stacks import stack_names
from headway_policy.reading import PROJECT, config, project, stack_name


def lock_out_of_date(args: StackValidationArgs, report: ReportViolation) -> None:
    """As ``headway lock --check`` says it. A stack without settings in ``stacks/`` has no lock to be out of date."""
    root, stack = project(args.get_config()), stack_name(args.resources)
    try:
        if root is None or stack not in stack_names(root):
            return
        for outcome in check_stacks(root, [stack]):
            if outcome.differs:
                report(" ".join(outcome.text.split()), None)
    except HeadwayError as error:
        report(f"the lock of {stack} cannot be checked: {error}", None)


LOCK_OUT_OF_DATE = StackValidationPolicy(
    name="lock-out-of-date",
    description="A stack runs the plan that was locked for its profile and settings of today.",
    validate=lock_out_of_date,
    enforcement_level=EnforcementLevel.ADVISORY,
    config_schema=config({"project": PROJECT}),
)
