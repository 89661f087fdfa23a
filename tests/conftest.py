"""What every test starts from: no credentials, no configuration of the machine it runs on; slow tests last."""

import gc
import os
import resource
from datetime import date

import pytest
from hypothesis import settings

# The same examples in every run: what fails here fails there. Set HYPOTHESIS_PROFILE=search to look for new ones.
settings.register_profile("same", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

OPEN_FILES = 8192


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def pytest_collection_finish() -> None:
    """Modules, AWS's models among them, stay: a collector that walks them again and again took a fifth of the time."""
    # What is collected later holds its connections longer: more files than the thousand that many systems start with.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test never finds an AWS account, nor prices of whoever runs it; the day is that of the facts."""
    monkeypatch.setenv("HEADWAY_PRICES", "packaged")
    monkeypatch.setenv("HEADWAY_DATA", "/nonexistent/headway")
    monkeypatch.setattr("headway.prices.age.today", lambda: date(2026, 11, 25))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/aws/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/aws/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
