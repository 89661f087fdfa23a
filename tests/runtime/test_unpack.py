"""Unpacking: the bundle opened, the model's artifact brought to where the container looks for it."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_runtime.unpack import bring_artifact, open_bundle


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with account("us-east-1") as aws:
        client = aws.client("s3")
        client.create_bucket(Bucket="models")
        yield client


def test_unpacking_opens_the_bundle_and_brings_an_archive_or_a_prefix(tmp_path: Path) -> None:
    import io
    import tarfile

    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("headway_runtime/x.py", "1")
    open_bundle(tmp_path / "b.zip", tmp_path / "runtime")
    assert (tmp_path / "runtime/headway_runtime/x.py").read_text() == "1"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("model.json")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"{}"))
    with account("us-east-1") as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="a/model.tar.gz", Body=packed.getvalue())
        s3.put_object(Bucket="models", Key="b/weights/one.bin", Body=b"1")
        bring_artifact(s3, "s3://models/a/model.tar.gz", tmp_path / "one")
        bring_artifact(s3, "s3://models/b", tmp_path / "two")
    assert (tmp_path / "one/model.json").read_bytes() == b"{}"
    assert (tmp_path / "two/weights/one.bin").read_bytes() == b"1"


def test_the_marker_that_a_console_leaves_for_a_folder_is_no_file(s3: Any, tmp_path: Path) -> None:
    for key in ("folder/", "folder/weights/", "folder/weights/one.bin"):
        s3.put_object(Bucket="models", Key=key, Body=b"1" if key.endswith("bin") else b"")
    bring_artifact(s3, "s3://models/folder", tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["one.bin"]


def test_an_address_with_nothing_at_it_fails_rather_than_serve_no_model(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="s3://models/nowhere"):
        bring_artifact(s3, "s3://models/nowhere", tmp_path)


def test_a_key_cannot_leave_the_models_folder(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="models", Key="evil/../../out.bin", Body=b"1")
    with pytest.raises(ValueError, match="would leave"):
        bring_artifact(s3, "s3://models/evil", tmp_path / "model")
    assert not (tmp_path.parent / "out.bin").exists()
