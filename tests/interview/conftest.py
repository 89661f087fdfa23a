from pathlib import Path

import pytest

from headway.interview import command, session
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.profile import Profile
from tests.interview.typed import Typed

PLANS: dict[str, Plan] = {}
"""The same answers are given again and again: each profile that comes of them is planned once."""


def planned(profile: Profile) -> Plan:
    # What was left out is told as an assumption: it makes another plan of the same values.
    key = profile.model_dump_json(warnings=False) + profile.model_dump_json(exclude_unset=True, warnings=False)
    if key not in PLANS:
        PLANS[key] = plan(profile)
    return PLANS[key]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """``headway init`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for module in (session, command):
        monkeypatch.setattr(module, "plan", planned)
    return Typed(tmp_path, monkeypatch, capsys)
