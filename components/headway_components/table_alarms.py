"""Alarms on what a table answers: too few requests find their row, or no row is as young as promised."""

from __future__ import annotations

import pulumi

from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign
from headway.units import format_duration
from headway_components.alarms import Expression, Metric, Rule, alarm
from headway_components.site import Site
from headway_runtime.metrics import NAMESPACE, ROUTER


def table_alarms(site: Site, design: PrecomputedDesign | FeaturesDesign, topic: pulumi.Input[str], router: str) -> None:
    """The alarms that the design names; ``router`` is the name of the metrics. A window of too few requests is fine."""
    miss = design.miss_watch
    if miss is not None:
        hits, misses = (Metric(NAMESPACE, name, {ROUTER: router}, "Sum", miss.window_s) for name in ("Hits", "Misses"))
        alarm(
            site,
            "low-hit-rate",
            topic,
            Expression(f"IF(m0 + m1 >= {miss.least}, 100 * m1 / (m0 + m1), 0)", (hits, misses), "not found, %"),
            Rule.above(100 * miss.most),
            f"{site.name}: more than {miss.most:.1%} of the requests of {miss.window_s // 3600} h found no row: they "
            "go live, where fewer were planned, or are answered without their features.",
        )
    if isinstance(design, FeaturesDesign) and design.age_watch is not None:
        age = design.age_watch
        youngest, given = (
            Metric(NAMESPACE, "RowAge", {ROUTER: router}, statistic, age.window_s)
            for statistic in ("Minimum", "SampleCount")
        )
        alarm(
            site,
            "stale-rows",
            topic,
            Expression(f"IF(m1 >= {age.least}, m0, 0)", (youngest, given), "youngest row, s"),
            Rule.above(design.oldest_s),
            f"{site.name}: no row that was given out in {age.window_s // 3600} h is younger than "
            f"{format_duration(design.oldest_s)}: nothing has been filled since.",
        )
