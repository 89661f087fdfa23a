"""Features: computed ahead by batch for each entity, joined by the router with the live part of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from headway.architectures.hybrid_design import FeaturesDesign
from headway_components.ahead import ComputedAhead
from headway_components.arguments import Priced, checked


class FeatureStoreArgs(Priced, total=False):
    """Arguments of `FeatureStore`; ``design`` is required."""

    design: FeaturesDesign | Mapping[str, Any]
    results_bucket: pulumi.Input[str]
    """An existing bucket for the live part's bodies and results; the fill, fed by manifests, keeps one of its own."""


class FeatureStore(ComputedAhead):
    """Features computed ahead, as a `FeaturesDesign` says.

    Write a manifest of the entities that changed to ``manifests`` at each refresh (all of them first), each with its
    ``attributes.key``. ``POST {api_url}/requests`` (signed by IAM) with the entity as ``attributes.key`` asks the live
    part with ``{"request": body, "features": row}``.
    """

    def __init__(self, name: str, args: FeatureStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:FeatureStore", name, checked(name, args, FeatureStoreArgs), opts)
        self._provision(name, FeaturesDesign.model_validate(args["design"]), args, holds="features")
