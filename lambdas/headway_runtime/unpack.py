"""Runs before the model: opens the runtime's bundle for the worker and brings the model's artifact.

An artifact that ends in ``.tar.gz`` is unpacked to ``/opt/ml/model``; any other address is a prefix that is copied as
it is, which SageMaker takes too.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from headway_runtime.settings import VARIABLE, WorkerSettings

BUNDLE = Path("/opt/headway/runtime.zip")
MODEL = Path("/opt/ml/model")


def open_bundle(bundle: Path, target: Path) -> None:
    """Unzip the runtime where the worker's path expects it."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(target)  # noqa: S202 - our own bundle


def bring_artifact(s3: Any, address: str, target: Path) -> None:
    """Fetch the artifact into ``target``.

    Raises:
        FileNotFoundError: Nothing is there.
        ValueError: A key that would leave ``target``.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    target.mkdir(parents=True, exist_ok=True)
    if key.endswith((".tar.gz", ".tgz")):
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            s3.download_fileobj(bucket, key, file)
            file.flush()
            with tarfile.open(file.name, "r:gz") as archive:
                archive.extractall(target, filter="data")
        return
    prefix = key if key.endswith("/") or not key else f"{key}/"
    found = False
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for row in page.get("Contents", []):
            if row["Key"].endswith("/"):
                continue  # A console's marker for a folder.
            path = (target / row["Key"].removeprefix(prefix)).resolve()
            if target.resolve() not in path.parents:
                raise ValueError(f"{row['Key']} would leave {target}")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, row["Key"], str(path))
            found = True
    if not found:
        raise FileNotFoundError(f"nothing at {address}: an artifact is a .tar.gz or a prefix with files under it")


def main() -> int:
    """Open the bundle, then, with the boto3 in it, bring the artifact."""
    target = BUNDLE.parent / "runtime"
    open_bundle(BUNDLE, target)
    settings = WorkerSettings.from_json(os.environ[VARIABLE])
    if settings.artifact:
        sys.path.insert(0, str(target))
        import boto3

        bring_artifact(boto3.client("s3"), settings.artifact, MODEL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
