"""Which way a request goes: declarative rules on its attributes, tried in order; the last takes the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headway_runtime.contract import Request
from headway_runtime.settings import RouteSettings


def route_of(request: Request, routes: Sequence[RouteSettings]) -> RouteSettings:
    """The route of a request: the tier it names itself, else the first whose rule holds, else the last.

    >>> routes = (RouteSettings("verified", "fast", field="creator", equals="verified"), RouteSettings("rest", "slow"))
    >>> route_of(Request("1", attributes={"creator": "verified"}), routes).part
    'fast'
    >>> route_of(Request("2", attributes={"creator": "guest"}), routes).part
    'slow'
    """
    for route in routes:
        if request.tier == route.tier:
            return route
    for route in routes:
        if route.field is not None and holds(route, request.attributes.get(route.field)):
            return route
    return routes[-1]


def holds(route: RouteSettings, value: Any) -> bool:
    """Whether a value meets a route's rule; what is missing or of another kind meets none.

    >>> holds(RouteSettings("big", "slow", field="pages", above=20), 21)
    True
    >>> holds(RouteSettings("big", "slow", field="pages", above=20), "21 pages")
    False
    """
    if value is None:
        return False
    if route.above is not None:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > route.above
    if route.any_of:
        return value in route.any_of
    return bool(value == route.equals and isinstance(value, bool) == isinstance(route.equals, bool))
