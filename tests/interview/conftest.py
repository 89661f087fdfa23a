from pathlib import Path

import pytest

from tests.interview.typed import Typed


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """``headway init`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Typed(tmp_path, monkeypatch, capsys)
