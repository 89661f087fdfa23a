"""The examples that chain on a finished departure: valid, and they read what the event and the manifest hold."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headway_runtime.announce import KIND, SOURCE

FOLDER = Path("examples/chaining")
MACHINE = json.loads((FOLDER / "departure_finished.asl.json").read_text())
DETAIL = {"fleet", "departure", "finished_at", "done", "failed", "workers", "failed_workers", "bucket", "manifest"}


def machines(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def test_every_state_of_the_machine_is_reached_and_leads_somewhere() -> None:
    for machine in machines(MACHINE):
        states = machine["States"]
        reached, ahead = set(), [machine["StartAt"]]
        while ahead:
            name = ahead.pop()
            if name in reached:
                continue
            reached.add(name)
            state = states[name]
            nexts = [state[key] for key in ("Next", "Default") if key in state]
            nexts += [choice["Next"] for choice in state.get("Choices", [])]
            assert nexts or state.get("End") is True, name
            ahead += nexts
        assert reached == set(states)
        assert {state["Type"] for state in states.values()} <= {"Choice", "Task", "Map", "Pass"}


def test_the_machine_reads_fields_that_the_event_has() -> None:
    asked = set(re.findall(r"\$\.detail\.(\w+)", json.dumps(MACHINE)))
    assert asked
    assert asked <= DETAIL


def test_the_dag_is_python_and_reads_fields_that_the_event_has() -> None:
    tree = ast.parse((FOLDER / "departure_finished_dag.py").read_text())
    asked = {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        and isinstance(node.value, ast.Name) and node.value.id == "detail"
    }  # fmt: skip
    assert asked
    assert asked <= DETAIL


def test_the_readme_names_the_event_as_the_dispatcher_sends_it() -> None:
    text = (FOLDER / "README.md").read_text()
    assert f'"source": ["{SOURCE}"], "detail-type": ["{KIND}"]' in text
