"""Precomputed: answers filled ahead by batch, given from a table; what is not there goes the live way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from headway.architectures.hybrid_design import PrecomputedDesign
from headway_components.ahead import ComputedAhead
from headway_components.arguments import Priced, checked


class PrecomputedArgs(Priced, total=False):
    """Arguments of `Precomputed`; ``design`` is required."""

    design: PrecomputedDesign | Mapping[str, Any]
    results_bucket: pulumi.Input[str]
    """An existing bucket for the live part's bodies and results; the fill, fed by manifests, keeps one of its own."""


class Precomputed(ComputedAhead):
    """Answers computed ahead, as a `PrecomputedDesign` says.

    Write a manifest of predicted requests to ``manifests`` at each refresh. ``POST {api_url}/requests`` (signed by IAM)
    answers from the table where it can, and asks the live part, or queues, where not.
    """

    def __init__(self, name: str, args: PrecomputedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:Precomputed", name, checked(name, args, PrecomputedArgs), opts)
        self._provision(name, PrecomputedDesign.model_validate(args["design"]), args, holds="answers")
