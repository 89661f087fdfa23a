"""Kills, crashes, hangs and an AWS that fails: nothing is lost, nothing written twice, nothing dies without a reason."""

import pytest

from tests.chaos.storm import Storm, rage


@pytest.mark.slow
def test_a_small_storm_loses_nothing_and_tells_why_what_cannot_be_served_died() -> None:
    few = {"poison": 3, "kills": 1, "hangs": 1}
    found = rage(Storm(requests=100, kills=4, workers=2, odd=few, malformed=2, within_s=120))
    assert (found.lost, found.doubled, found.unexplained) == ((), (), ())
    assert found.delivered == 93
    assert found.kills == 4
    assert found.faults > 0
