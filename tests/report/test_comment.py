"""The comment of a pull request, word for word. `HEADWAY_WRITE_GOLDEN=1` writes what it says now: look at the difference."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from headway.advice import CurvePoint
from headway.bill.lines import Range
from headway.diff import Diff, Limit, StackSide, compare
from headway.report.comment import LONGEST, MARKER, comment
from tests.diff.sides import invalid, line, side

GOLDEN = Path(__file__).parent / "golden"
REALTIME = side(
    "prod", line("endpoint instances", "1028", quantity="730", service="SageMakerHosting", meter="hosting",
                 resource_types=("aws:sagemaker/endpoint:Endpoint",)), architecture="realtime",
)  # fmt: skip
BATCH = side(
    "prod", line("spot, batches of 8", "74", quantity="167"), line("requests sent", "2", service="SQS", meter="requests"),
    declared={"latency": {"max_wait": "2h"}},
    why=("99 % of requests are ready within 20 min; people can wait 30 min", "USD 733 a month less than realtime"),
)  # fmt: skip
CURVE = tuple(
    CurvePoint(max_wait_s=wait, architecture=name, monthly=None if bill is None else Range.exactly(Decimal(bill)), own=own)
    for wait, name, bill, own in (
        (0.1, None, None, False), (10, "realtime", "1028", False), (900, "asynchronous", "694", False),
        (1800, "batch", "106", True), (86_400, "batch", "61", False),
    )
)  # fmt: skip


def diff(*pairs: tuple[StackSide | None, StackSide | None], limit: str | None = None) -> Diff:
    return compare(pairs, base="main (1a2b3c4)", head="HEAD", limit=Limit.parse(limit) if limit else None)


MANY = [line(f"line {number}", str(number), service="S3", meter=f"m{number}") for number in range(1, 201)]
CASES: dict[str, Diff] = {
    "new-stack": diff((None, BATCH)),
    "no-change": diff((side("dev"), side("dev")), (BATCH, BATCH)),
    "architecture-switch": diff((REALTIME, BATCH), (side("dev"), side("dev"))),
    "threshold-broken": diff((BATCH, REALTIME), limit="500"),
    "unpriced-line": diff((side(), side("prod", line("workers", "100"), line("chips", None, state="unpriced")))),
    "removed-stack": diff((BATCH, None)),
    "two-hundred-lines": diff((side(), side("prod", *MANY))),
    "stale-lock": diff(
        (side(), side("prod", line("workers", "90"), locked=False, stale=('latency.max_wait: "30m" -> "2h"',)))
    ),
    "invalid-head": diff(
        (
            side(),
            invalid("prod", "HEAD:stacks/profiles/form.yaml:3: latency.max_wait: got '<img src=x>'; '@you' is no unit"),
        )
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_comment_says(name: str) -> None:
    made = comment(CASES[name], {"form": CURVE} if name == "architecture-switch" else None)
    path = GOLDEN / f"{name}.md"
    if os.environ.get("HEADWAY_WRITE_GOLDEN"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.md")} == set(CASES)


def test_a_change_of_any_size_fits_and_keeps_its_verdict() -> None:
    stacks = [(side(f"stack-{n}"), side(f"stack-{n}", *MANY)) for n in range(400)]
    made = comment(diff(*stacks, limit="1"))
    assert len(made) <= LONGEST
    assert made.startswith(f"{MARKER}\n### Headway: USD 8,000,000 a month more")
    assert "would cost USD 20,000 a month more, above --max-increase of USD 1.00" in made
    assert "_Shortened to fit: " in made


def test_what_is_cut_is_counted() -> None:
    made = comment(diff((side(), side("prod", *MANY))), longest=2000)
    assert len(made) <= 2000
    assert "_Shortened to fit: 191 lines left out." in made


def test_a_bill_on_stale_prices_says_how_much_of_it_rests_on_them() -> None:
    old = side("prod", line("workers", "90", as_of="2025-06-28"), line("queue", "10"))

    said = comment(diff((old, old)))

    assert "USD 90.00 a month rest on stale prices" in said
    assert "stale prices" not in comment(diff((side(), side())))
