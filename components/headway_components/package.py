"""The components for programs in other languages: the same ones, behind arguments that every language can write.

Thin: an adapter finds the design in a locked plan or a profile, and makes the native component. Pulumi reads the types
of this module when it runs: flat texts, numbers, lists and maps, and no postponed annotations.
"""

import ast
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, TypedDict

import pulumi
from pulumi.provider.experimental.component import ComponentProvider

from headway import __version__
from headway.errors import HeadwayError
from headway.planning.lock import read_lock
from headway.planning.plan import Plan
from headway.planning.search import plan as make_plan
from headway.profile import Profile, load_profile, read_profile
from headway_components.inference import COMPONENTS, Inference

NAME: Final = "headway"
"""Of the package: its types are ``headway:index:Inference`` and so on."""
NAMESPACE: Final = "headway"
"""Of the SDKs made from it, ``@headway/headway`` in Node: without one, the name of whoever holds the repository."""


class Planned(TypedDict, total=False):
    """Arguments that every component takes."""

    plan: str
    """A locked plan: the path of what `headway lock` wrote, from the program's folder. Use it in production."""
    profile: str
    """The workload: the path of a profile, from the program's folder. Beside a plan, the two must belong together;
    without one it is planned when the program runs."""
    profile_text: str
    """The workload itself instead of its path: a profile as JSON text."""
    max_monthly: float
    """The most USD a month that the expected bill may be: above it the preview fails, and names the largest lines."""
    alarm_topic_arn: pulumi.Input[str]
    """An SNS topic of yours that alarms tell; it must let cloudwatch.amazonaws.com publish."""
    kms_key_arn: pulumi.Input[str]
    """Your key, for everything that is stored; its policy must let the services use it."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the policy that bounds every role."""
    protect_data: bool
    """Refuse whatever would delete or replace a queue, a bucket or a table, until an update with false has run."""
    tags: dict[str, pulumi.Input[str]]
    """On everything that can carry tags, beside headway:name, headway:architecture and headway:stack."""


class Networked(Planned, total=False):
    """Arguments of what can run in a network of yours."""

    vpc_id: pulumi.Input[str]
    """Your VPC; the default one otherwise. Belongs with its subnets."""
    subnet_ids: pulumi.Input[list[str]]
    """Subnets of your VPC."""
    security_group_ids: pulumi.Input[list[str]]
    """Security groups of yours; otherwise one is made that lets nothing in and HTTPS out."""


class Kept(Planned, total=False):
    """Arguments of what writes results, in no network of yours."""

    results_bucket: pulumi.Input[str]
    """Name of your bucket for bodies, results and the runtime; its encryption and lifecycle are yours."""


class Stored(Networked, Kept, total=False):
    """Arguments of what writes results."""


class Queued(Stored, total=False):
    """Arguments of what takes requests from a queue."""

    queue_arn: pulumi.Input[str]
    """Your queue to take requests from. Belongs with its dead-letter queue."""
    dead_letter_queue_arn: pulumi.Input[str]
    """The queue that yours redrives to."""


OUTPUTS: Final[Mapping[str, tuple[Any, str]]] = {
    "architecture": (str, "What runs: realtime, serverless, asynchronous, microbatch, batch or a hybrid of them."),
    "why": (list[str], "Why this architecture was chosen, in numbers."),
    "monthly_bill": (dict[str, str], "USD a month: low, expected and high."),
    "endpoint_name": (str, "The SageMaker endpoint to invoke."),
    "queue_url": (str, "The queue to send requests to."),
    "dead_letter_queue": (str, "Name of the queue of requests that could not be served."),
    "results_bucket": (str, "The bucket in which results appear as results/<id>.json."),
    "dispatcher": (str, "Name of the function that starts workers."),
    "function_name": (str, "Name of the function between queue and endpoint."),
    "success_topic": (str, "The SNS topic that tells of answers."),
    "error_topic": (str, "The SNS topic that tells of failures."),
    "manifests": (str, "Where a manifest of scheduled work is written to."),
    "api_url": (str, "Address of the HTTP API; every call is signed by IAM."),
    "router": (str, "Name of the function behind the API."),
    "routing": (str, "What a router of yours is told, in JSON: the rules by tier, and where each part's requests go."),
    "router_policy": (str, "An IAM policy, in JSON, of what a router may do: for the role of one of yours."),
    "table": (str, "Name of the table of what is computed ahead."),
    "addresses": (dict[str, dict[str, str]], "By part: its queue, endpoint, bucket and dead-letter queue."),
}
"""What a component may put out, and its type."""


class Adapter(NamedTuple):
    """One component for other languages."""

    name: str
    description: str
    args: type
    outputs: tuple[str, ...]
    architecture: str | None = None
    """The one that it provisions; None: what the plan chose."""


_FRONT = ("api_url", "router", "results_bucket", "queue_url", "dead_letter_queue")
_FLEET = ("queue_url", "results_bucket", "dead_letter_queue")
_ROUTED = (*_FRONT, "addresses")
ADAPTERS: Final = (
    Adapter("Inference", "What a plan chose, provisioned, with its reasons and its bill.", Queued, tuple(OUTPUTS)),
    Adapter(
        "RealtimeEndpoint", "A SageMaker endpoint with a floor by hour of week and target tracking above it.",
        Stored, ("endpoint_name", *_FRONT), "realtime",
    ),
    Adapter(
        "ServerlessEndpoint", "A SageMaker serverless endpoint.", Kept, ("endpoint_name", *_FRONT), "serverless"
    ),
    Adapter(
        "AsynchronousEndpoint", "A SageMaker endpoint with a queue of its own, asleep without work.",
        Stored, ("endpoint_name", "results_bucket", "success_topic", "error_topic"), "asynchronous",
    ),
    Adapter(
        "MicroBatch", "A queue, a function that closes a batch at N requests or T seconds, an endpoint for them.",
        Queued, (*_FLEET, "endpoint_name", "function_name"), "microbatch",
    ),
    Adapter(
        "SpotBatch", "A queue and the spot fleet that empties it at each departure, on-demand behind it.",
        Queued, (*_FLEET, "dispatcher", "manifests"), "batch",
    ),
    Adapter(
        "Tiered", "A router that sends each tier of requests to an architecture of its own.",
        Stored, (*_ROUTED, "routing", "router_policy"), "tiered",
    ),
    Adapter(
        "Precomputed", "Answers computed ahead by batch and given from a table; the rest asked live.",
        Stored, (*_ROUTED, "table", "manifests"), "precomputed",
    ),
    Adapter(
        "FeatureStore", "Features computed ahead by batch for each entity, joined with the live part.",
        Stored, (*_ROUTED, "table", "manifests"), "features",
    ),
)  # fmt: skip


class Package(ComponentProvider):
    """The provider of the package: its schema has a description of every property."""

    def __init__(self) -> None:
        components = [_component(adapter) for adapter in ADAPTERS]
        super().__init__(components, NAME, namespace=NAMESPACE, version=__version__)
        self.schema = json.dumps(_described(json.loads(self.schema or "{}")))


def package_schema() -> str:
    """The package's schema, as it is committed beside ``PulumiPlugin.yaml``."""
    return json.dumps(json.loads(Package().schema or "{}"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def planned(args: Mapping[str, Any], architecture: str | None) -> Plan:
    """The plan that flat arguments name.

    Args:
        args: ``plan``, ``profile`` or ``profile_text``.
        architecture: The one that it has to be of; planned alone where there is no plan.

    Raises:
        HeadwayError: None of them, two profiles, a plan of another profile or architecture, or nothing that fits.
    """
    profile = _profile(args)
    if "plan" not in args:
        if profile is None:
            raise HeadwayError("give plan (the path of a locked one), profile (a path) or profileText")
        return make_plan(profile, only=architecture)
    lock = read_lock(Path(args["plan"]))
    if profile is not None and lock.profile_digest != profile.digest:
        raise HeadwayError(f"{args['plan']}: the profile has changed since it was locked: run `headway lock` again")
    if architecture is not None and lock.plan.design is not None and lock.plan.design.architecture != architecture:
        raise HeadwayError(f"{args['plan']}: the plan chose {lock.plan.design.architecture}, not {architecture}")
    return lock.plan


def _profile(args: Mapping[str, Any]) -> Profile | None:
    if "profile" in args and "profile_text" in args:
        raise HeadwayError("give profile (a path) or profileText, not both")
    if "profile" in args:
        return load_profile(Path(args["profile"]))
    if "profile_text" not in args:
        return None
    try:
        content = json.loads(args["profile_text"])
    except ValueError as error:
        raise HeadwayError(f"profileText is not JSON: {error}") from None
    return read_profile(content)


def _component(adapter: Adapter) -> type[pulumi.ComponentResource]:
    """The class that Pulumi reads the schema from; asked for an instance, it gives the native component.

    A component around the native one would put a second level into every URN.
    """

    def new(
        _: type, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> pulumi.ComponentResource:
        wiring = {
            key: value
            for key, value in args.items()
            if value is not None and key not in ("plan", "profile", "profile_text")
        }
        made = planned(args, adapter.architecture)
        if adapter.architecture is None:
            return Inference(name, {"plan": made, **wiring}, opts)  # type: ignore[typeddict-item]
        if made.choice is None or made.chosen is None:
            raise HeadwayError(f"{name}: {adapter.architecture} does not fit: {_why_not(made, adapter.architecture)}")
        told = {"design": made.design, "monthly_bill": made.chosen.bill, **wiring}
        return COMPONENTS[adapter.architecture](name, told, opts)

    def init(self: Any, name: str, args: Any, opts: pulumi.ResourceOptions | None = None) -> None:
        """Never runs: what ``__new__`` gives is made already. Pulumi reads its annotations."""

    init.__annotations__["args"] = adapter.args
    names = [*adapter.outputs, *(() if "monthly_bill" in adapter.outputs else ("monthly_bill",))]
    annotations = {one: pulumi.Output[OUTPUTS[one][0]] | None for one in names}  # type: ignore[misc]
    fields = {"__doc__": adapter.description, "__annotations__": annotations, "__new__": new, "__init__": init}
    return type(adapter.name, (pulumi.ComponentResource,), {**fields, "__module__": __name__})


def _why_not(made: Plan, architecture: str) -> str:
    return next((one.reason for one in made.candidates if one.architecture == architecture and one.reason), "")


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with a description of every property: Pulumi finds only those of a class's own source."""
    inputs = _docstrings()
    outputs = {_camel(name): text for name, (_, text) in OUTPUTS.items()}
    schema["description"] = "How long can the people waiting really wait? ML inference on AWS, sized, priced and made."
    for resource in schema["resources"].values():
        for name, row in resource["inputProperties"].items():
            row["description"] = inputs[name]
        for name, row in resource["properties"].items():
            row["description"] = outputs[name]
    return schema


def _docstrings() -> dict[str, str]:
    """The text under each argument of the TypedDicts above, by the argument's name in other languages."""
    source = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for kind in (node for node in source.body if isinstance(node, ast.ClassDef)):
        for field, text in pairwise(kind.body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                found[_camel(field.target.id)] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
