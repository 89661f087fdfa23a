"""The bundle: the same bytes for the same code, and all that the runtime needs where nothing is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from headway_runtime import bundle
from headway_runtime.bundle import build_bundle


def test_the_bundle_is_the_same_bytes_for_the_same_code_and_runs_alone(tmp_path: Path) -> None:
    digests = [build_bundle(tmp_path / name) for name in ("a.zip", "b.zip")]
    assert digests[0] == digests[1]
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    # `unpack` runs from the zip itself; what it has opened serves the worker. -S: no site packages.
    opened = tmp_path / "runtime"
    first = (
        "import sys, pathlib, headway_runtime.unpack as u;"
        "u.open_bundle(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    second = (
        "import boto3, headway_runtime.worker, headway_runtime.dispatcher as d, headway_runtime.validation as v;"
        "assert v.Checks({'required': ['a']}).doubts({})[0].kind == 'schema';"
        "boto3.client('sqs', region_name='us-east-1'); boto3.client('batch', region_name='us-east-1');"
        "assert boto3.__file__.startswith(d.__file__.split('headway_runtime')[0])"
    )
    for path, code in ((tmp_path / "a.zip", first), (opened, second)):
        ran = subprocess.run(
            [sys.executable, "-S", "-c", code, str(tmp_path / "a.zip"), str(opened)],
            env={"PYTHONPATH": str(path)}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "a.zip").stat().st_size < 4_000_000


def test_a_package_that_is_not_installed_is_an_error_and_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "CHECKS", ("nowhere_to_be_found",))
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found must be installed here"):
        build_bundle(tmp_path / "runtime.zip")
    assert not list(tmp_path.iterdir())


def test_an_unchanged_bundle_is_not_written_again(tmp_path: Path) -> None:
    target = tmp_path / "runtime.zip"
    digest = build_bundle(target)
    written = target.stat().st_mtime_ns
    assert build_bundle(target) == digest
    assert target.stat().st_mtime_ns == written


def test_the_bundle_brings_the_time_zones_that_a_bare_image_lacks(tmp_path: Path) -> None:
    build_bundle(tmp_path / "runtime.zip")
    code = (
        "import zoneinfo; from datetime import datetime, UTC; zoneinfo.reset_tzpath(());"
        "zone = zoneinfo.ZoneInfo('America/New_York');"
        "print(datetime(2026, 11, 1, 5, 30, tzinfo=UTC).astimezone(zone), zone.fromutc(datetime(2026, 1, 1, tzinfo=zone)))"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(tmp_path / "runtime.zip")}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert ran.stdout.strip() == "2026-11-01 01:30:00-04:00 2025-12-31 19:00:00-05:00", ran.stderr
