"""The package for other languages: its schema, its examples, and that a checkout at a tag installs what it needs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from headway import load_profile, plan
from headway.errors import HeadwayError
from headway.planning.lock import Settings, make_lock, write_lock
from headway_components.inference import COMPONENTS, OUTPUTS, InferenceArgs
from headway_components.package import ADAPTERS, Package, package_schema, planned
from tests.components.provisioned import provision

HERE = Path.cwd()
SCHEMA = HERE / "components/schema.json"
FORM = HERE / "stacks/profiles/contact-form.yaml"
NOT_FLAT = {"plan", "profile", "design", "table", "monthly_bill"}
"""Arguments of native components that are values of Python, given otherwise here."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(Package().schema or "")
    return made


def test_the_committed_schema_is_that_of_the_package() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == package_schema(), "run `make schema`"


def test_every_property_says_what_it_is(schema: dict[str, Any]) -> None:
    assert schema["description"]
    for token, resource in schema["resources"].items():
        assert resource["description"], token
        for rows in (resource["inputProperties"], resource["properties"]):
            assert rows
            for name, row in rows.items():
                assert len(row["description"]) > 15, f"{token}.{name}"


def test_every_component_is_there_and_nothing_but_flat_values(schema: dict[str, Any]) -> None:
    tokens = {token.rsplit(":", 1)[-1] for token in schema["resources"]}
    assert tokens == {"Inference", *(one.__name__ for one in COMPONENTS.values())}  # type: ignore[attr-defined]
    assert schema["types"] == {}
    assert "$ref" not in json.dumps(schema)


def test_other_languages_can_say_all_that_python_can() -> None:
    inference = next(one for one in ADAPTERS if one.name == "Inference")
    native = set(InferenceArgs.__annotations__) - NOT_FLAT
    assert native <= set(inference.args.__annotations__)
    assert {*OUTPUTS, "architecture", "why", "monthly_bill"} == set(inference.outputs)


@pytest.mark.parametrize("adapter", [one for one in ADAPTERS if one.architecture], ids=lambda one: one.name)
def test_what_an_adapter_takes_and_puts_out_is_its_components(adapter: Any) -> None:
    import inspect

    component = COMPONENTS[adapter.architecture]
    attributes = {name for kind in component.__mro__ for name in inspect.get_annotations(kind)}  # type: ignore[attr-defined]
    assert set(adapter.outputs) <= attributes
    args = inspect.signature(component.__init__).parameters["args"].annotation  # type: ignore[misc]
    native = getattr(inspect.getmodule(component), args).__annotations__
    assert set(adapter.args.__annotations__) - {"plan", "profile", "profile_text"} <= set(native)


def make(name: str, **args: Any) -> Any:
    """An adapter's instance, as the package's host makes it."""
    provider = Package()
    return provider._components[name]("work", args, None)


def test_an_adapter_gives_the_native_component_without_a_level_of_its_own() -> None:
    registered = provision(lambda: make("ServerlessEndpoint", profile=str(FORM), tags={"team": "x"}) and None)
    assert [one.type for one in registered.resources if one.type.startswith("headway:")] == [
        "headway:index:ServerlessEndpoint"
    ]
    assert registered.one("sagemaker:Model").inputs["tags"]["team"] == "x"


def test_numbers_come_as_floats_and_hold_as_caps() -> None:
    with pytest.raises(HeadwayError, match=r"above max_monthly of USD 0\.10; largest line"):
        provision(lambda: make("Inference", profile=str(FORM), max_monthly=0.1) and None)


def test_a_locked_plan_is_what_is_provisioned(tmp_path: Path) -> None:
    profile = load_profile(FORM)
    made = plan(profile)
    write_lock(tmp_path / "dev.json", make_lock("dev", Settings(profile="x.yaml"), profile, made))
    args = {"plan": str(tmp_path / "dev.json"), "profile": str(FORM)}
    assert planned(args, None) == made
    assert planned(args, "serverless") == made
    with pytest.raises(HeadwayError, match="the plan chose serverless, not batch"):
        planned(args, "batch")
    with pytest.raises(HeadwayError, match="run `headway lock` again"):
        planned({**args, "profile": str(HERE / "stacks/profiles/fraud-check.yaml")}, None)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, "give plan"),
        ({"profile": "a.yaml", "profile_text": "{}"}, "not both"),
        ({"profile_text": "name: x"}, "profileText is not JSON"),
        ({"profile_text": '{"name": "x"}'}, "latency"),
        ({"profile": "nowhere.yaml"}, "nowhere.yaml"),
        ({"plan": "nowhere.json"}, "nowhere.json"),
    ],
)
def test_what_cannot_be_planned_says_what_to_give(args: dict[str, str], expected: str) -> None:
    with pytest.raises(HeadwayError, match=expected):
        planned(args, None)


def test_an_architecture_that_does_not_fit_says_why() -> None:
    with pytest.raises(HeadwayError, match=r"work: batch does not fit: m5\.large has 2 vCPU"):
        provision(lambda: make("SpotBatch", profile=str(FORM)) and None)


KINDS = {"string": str, "number": (int, float), "boolean": bool, "object": dict, "array": list}


def test_the_yaml_example_says_nothing_that_the_schema_does_not_know(schema: dict[str, Any]) -> None:
    folder = HERE / "examples/yaml"
    program = YAML(typ="safe").load((folder / "Pulumi.yaml").read_text())
    assert program["runtime"] == "yaml"
    resources = {}
    for name, row in program["resources"].items():
        package, _, kind = row["type"].rpartition(":")
        resources[name] = schema["resources"][f"{package}:index:{kind}"]
        assert (folder / row["properties"]["profile"]).is_file()
        for key, value in row["properties"].items():
            assert isinstance(value, KINDS[resources[name]["inputProperties"][key]["type"]]), key
    for text in program["outputs"].values():
        name, _, output = text.removeprefix("${").removesuffix("}").partition(".")
        assert output in resources[name]["properties"], text


def test_the_yaml_examples_workload_is_made_as_it_says() -> None:
    folder = HERE / "examples/yaml"
    program = YAML(typ="safe").load((folder / "Pulumi.yaml").read_text())
    (row,) = program["resources"].values()
    given = {**row["properties"], "profile": str(folder / row["properties"]["profile"])}
    snake = {"maxMonthly": "max_monthly", "protectData": "protect_data"}
    args = {snake.get(key, key): value for key, value in given.items()}
    registered = provision(lambda: make("Inference", **args) and None)
    assert registered.one("headway:index:Inference").inputs["architecture"] == "serverless"


@pytest.mark.slow
def test_a_checkout_at_a_tag_installs_what_the_package_runs_on(tmp_path: Path) -> None:
    """As `pulumi package add REPOSITORY/components` does it: the whole repository at a tag, then requirements.txt in
    the plugin's folder. Only what comes from elsewhere is taken from this environment."""
    if shutil.which("git") is None or not (HERE / ".git").exists():
        pytest.skip("no git repository to clone")
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "-q", "--depth", "1", HERE.as_uri(), checkout], check=True)
    plugin = checkout / "components"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", plugin / ".venv"], check=True)
    python = shutil.which("python", path=os.pathsep.join(str(plugin / ".venv" / one) for one in ("bin", "Scripts")))
    assert python is not None
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--disable-pip-version-check"]
    command = [*pip, "-r", "requirements.txt"]
    installed = subprocess.run(command, cwd=plugin, capture_output=True, text=True, timeout=300, check=False)
    if "hatchling" in installed.stderr and installed.returncode:
        pytest.skip(f"the build backend cannot be had from a package registry: {installed.stderr.splitlines()[-1]}")
    assert installed.returncode == 0, installed.stderr
    elsewhere = {**os.environ, "PYTHONPATH": str(Path(pytest.__file__).parents[1])}
    asked = "import headway, json; from headway_components.package import package_schema; print(headway.__file__); print(len(package_schema()))"
    said = subprocess.run(
        [python, "-c", asked], cwd=tmp_path, env=elsewhere, capture_output=True, text=True, timeout=120, check=False
    )
    assert said.returncode == 0, said.stderr
    where, length = said.stdout.split()
    assert Path(where).is_relative_to(plugin / ".venv")
    assert int(length) > 1000


def test_the_plugin_says_how_it_is_run() -> None:
    content = YAML(typ="safe").load((HERE / "components/PulumiPlugin.yaml").read_text())
    assert content["runtime"]["name"] == "python"
    assert (HERE / "components/requirements.txt").read_text().splitlines()[-1] == "..[pulumi]"


def test_an_sdk_is_called_the_same_whoever_holds_the_repository(schema: dict[str, Any]) -> None:
    """Pulumi puts the repository's owner in front of what has no namespace: no example would fit then."""
    imported = f'"@{schema["namespace"]}/{schema["name"]}"'
    assert imported == '"@headway/headway"'
    for text in ("examples/typescript/index.ts", "components/README.md"):
        assert f"import * as headway from {imported};" in (HERE / text).read_text(encoding="utf-8")
