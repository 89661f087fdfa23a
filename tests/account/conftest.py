import pytest

from tests.account.stubs import FakeAws, put_in_place


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    return put_in_place(monkeypatch)
