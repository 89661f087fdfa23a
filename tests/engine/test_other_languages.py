"""The components from TypeScript, on the real engine: typed, previewed, made, capped, taken down."""

from collections import Counter
from pathlib import Path

import pytest

from headway_rehearsal.account import account
from headway_rehearsal.engine_binary import Engine
from tests.engine.typescript import typescript_program

EXAMPLE = Path("examples/typescript")
COMPONENT = "headway:index:SpotBatch"


@pytest.mark.slow
def test_the_typescript_example_is_made_and_taken_down(tmp_path: Path, engine: Engine) -> None:
    with account("us-east-1") as aws, typescript_program(EXAMPLE, tmp_path / "work", engine, aws) as program:
        seen = program.run("preview")
        assert not seen["failed"], seen["said"]
        made = program.run("up")
        assert not made["failed"], made["said"]
        kinds = Counter(step["type"] for step in made["steps"] if step["op"] == "create")
        assert kinds[COMPONENT] == 1
        assert kinds["aws:sqs/queue:Queue"] == 2
        previewed = Counter(step["type"] for step in seen["steps"] if step["op"] == "create")
        assert previewed == kinds
        # One level only: a wrapper around the native component would stand in every name.
        assert all(step["urn"].count("headway:index:") <= 1 for step in made["steps"])
        assert made["outputs"]["queueUrl"] in aws.client("sqs").list_queues()["QueueUrls"]
        assert float(made["outputs"]["monthlyBill"]["expected"]) == pytest.approx(208.11, abs=5)
        again = program.run("up")
        assert {step["op"] for step in again["steps"]} == {"same"}
        program.run("destroy")
        assert "QueueUrls" not in aws.client("sqs").list_queues()


@pytest.mark.slow
def test_a_cap_that_is_broken_ends_the_preview_with_the_line(tmp_path: Path, engine: Engine) -> None:
    with account("us-east-1") as aws:
        work = tmp_path / "work"
        with typescript_program(EXAMPLE, work, engine, aws) as program:
            compiled = work / "index.js"
            compiled.write_text(compiled.read_text().replace("maxMonthly: 300", "maxMonthly: 30"))
            seen = program.run("preview")
    assert seen["failed"]
    said = " ".join(seen["said"])
    assert "documents would cost USD" in said
    assert "above max_monthly of USD 30.00; largest line" in said
