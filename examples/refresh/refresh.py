"""A scheduled refresh: the newest artifact under a prefix goes into the profile, and the plans are locked again.

    python refresh.py stacks/profiles/loan-documents.yaml s3://models/classifier/

What comes of it is a change to commit and review; `pulumi up` then brings the new artifact to an endpoint blue/green,
under alarms that roll it back, and to batch with its next departure. Artifacts are never written over: a new version is
a new key, so that what a result says of its model stays true. Exit code 0: refreshed, or nothing newer; 1: it could
not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
import typer

from headway.account import telling
from headway.cli import run
from headway.errors import HeadwayError
from headway.profile import load_profile
from headway.profile.editing import Content, edit_profile


def newest(prefix: str) -> str:
    """The address of the newest archive under an ``s3://bucket/prefix``.

    Raises:
        HeadwayError: There is none, or AWS could not be asked.
    """
    bucket, _, start = prefix.removeprefix("s3://").partition("/")
    if not prefix.startswith("s3://") or not bucket:
        raise HeadwayError(f"{prefix}: an address such as s3://models/classifier/ is needed")
    with telling("s3:ListBucket"):
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start)
        rows = [row for page in pages for row in page.get("Contents", []) if row["Key"].endswith((".tar.gz", ".tgz"))]
    if not rows:
        raise HeadwayError(f"{prefix}: no archive (.tar.gz) lies there")
    latest = max(rows, key=lambda row: (row["LastModified"], row["Key"]))
    return f"s3://{bucket}/{latest['Key']}"


def refresh(profile: Path, artifact: str) -> bool:
    """Put an artifact into a profile; says whether it was another. Every other line stays as it is."""

    def change(content: Content) -> None:
        container = content["model"].get("container")
        if container is None:
            raise HeadwayError(f"{profile}: model.container is missing: its image is needed beside the artifact")
        container["artifact"] = artifact

    edit = edit_profile(profile, change)
    if edit.changed:
        edit.write()
    return bool(edit.changed)


def main(arguments: list[str]) -> int:
    """The command: refresh, then `headway lock`."""
    if len(arguments) != 2:
        sys.stderr.write("usage: refresh.py PROFILE s3://BUCKET/PREFIX\n")
        return 1
    profile, prefix = arguments
    try:
        load_profile(profile)
        artifact = newest(prefix)
        if not refresh(Path(profile), artifact):
            typer.echo(f"{profile} has the newest already: {artifact}")
            return 0
    except HeadwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    typer.echo(f"{profile}: {artifact}")
    return run(["lock"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
