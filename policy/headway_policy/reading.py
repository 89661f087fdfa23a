"""What rules read of a stack: its components, what lies below them, documents in properties, what is not known yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi_policy import PolicyConfigSchema, PolicyResource
from pulumi_policy.proxy import UnknownValueError

from headway.errors import HeadwayError
from headway.planning.lock import lock_path, read_lock
from headway.planning.plan import Plan
from headway.planning.stacks import STACKS_FOLDER, project_root

OURS: Final = "headway:index:"
"""What the type of each of Headway's components begins with."""
PROJECT: Final[dict[str, Any]] = {
    "type": "string",
    "default": "",
    "description": "The folder whose stacks/ holds settings and locks; the program's own otherwise.",
}
PRODUCTION: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string"},
    "default": ["prod", "production"],
    "description": "Stacks that hold it.",
}


def config(properties: Mapping[str, dict[str, Any]]) -> PolicyConfigSchema:
    """What a rule can be told, each with its default."""
    return PolicyConfigSchema(properties=dict(properties))


def known(value: Mapping[str, Any], name: str) -> Any:
    """A property; None where it is not there or, in a preview, not known yet."""
    try:
        return value.get(name)
    except UnknownValueError:
        return None


def plain(value: Any) -> Any:
    """A value without what is not known yet."""
    if isinstance(value, Mapping):
        return {name: plain(known(value, name)) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        found = []
        for index in range(len(value)):
            try:
                found.append(plain(value[index]))
            except UnknownValueError:
                continue
        return found
    return value


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, given as JSON or as what it says; none of one that is not known yet."""
    try:
        content = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    found = content.get("Statement") if isinstance(content, Mapping) else None
    return [one for one in listed(found) if isinstance(one, dict)]


def listed(value: Any) -> list[Any]:
    """A value that may be one or many, as many."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def components(resources: Sequence[PolicyResource]) -> list[PolicyResource]:
    """Headway's components that lie below none of its others: each carries the whole's bill."""
    return [one for one in resources if one.resource_type.startswith(OURS) and component_of(one) is None]


def component_of(resource: PolicyResource) -> PolicyResource | None:
    """The outermost of Headway's components above a resource; None beside them."""
    return next((one for one in reversed(list(_above(resource))) if one.resource_type.startswith(OURS)), None)


def _above(resource: PolicyResource) -> Iterator[PolicyResource]:
    """Whatever a resource lies in, the nearest first."""
    one = resource.parent
    while one is not None:
        yield one
        one = one.parent


def project(told: Mapping[str, Any]) -> Path | None:
    """The folder whose ``stacks/`` has settings and locks; None where the program has none."""
    named = str(told.get("project") or "")
    try:
        root = Path(named).resolve() if named else project_root()
    except HeadwayError:
        return None
    return root if (root / STACKS_FOLDER).is_dir() else None


def stack_name(resources: Sequence[PolicyResource]) -> str:
    """The stack that the engine works on, as its resources' URNs say it: not every host tells it otherwise."""
    name = resources[0].urn.split("::", 1)[0].rsplit(":", 1)[-1] if resources else pulumi.get_stack()
    return name.rsplit("/", 1)[-1]


def locked_plan(told: Mapping[str, Any], component: PolicyResource) -> Plan | None:
    """The locked plan that a component provisions; None where the stack has no lock, or not of this component."""
    root = project(told)
    if root is None or not (path := lock_path(root, stack_name([component]))).exists():
        return None
    try:
        plan = read_lock(path).plan
    except HeadwayError:
        return None
    same = plan.choice is not None and known(component.props, "architecture") == plan.choice.architecture
    return plan if same and component.name == plan.profile.name else None
