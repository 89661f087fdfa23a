"""The bundle: the runtime, and for where there is none, pure-Python boto3 and the time zones, in one zip.

The same files give the same bytes, so a deployment without changes uploads nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

CHECKS = ("fastjsonschema",)
"""What every entry needs and nobody brings: pure Python, and small."""
VENDORED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "tzdata")
"""boto3 and what it stands on, all pure Python; and the time zones, which Amazon Linux 2023 images come without."""
SERVICES = ("sqs", "s3", "sts", "batch", "sagemaker-runtime", "dynamodb", "cloudwatch", "events")
"""Of botocore's 100 MB of service models, those that the runtime calls."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build_bundle(target: Path, *, vendored: bool = True) -> str:
    """Write the zip and return the SHA-256 of its content.

    Args:
        target: The file to write; its folder is made.
        vendored: Whether to include boto3 (the worker's Python image has none).

    Raises:
        ModuleNotFoundError: A package that belongs into it is not installed here.
    """
    files = dict(_runtime_files())
    for package in (*CHECKS, *(VENDORED if vendored else ())):
        files.update(_package_files(package))
    contents = {name: files[name].read_bytes() for name in sorted(files)}
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(name.encode() + b"\0" + content)
    if _digest_of(target) == digest.hexdigest():
        return digest.hexdigest()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = digest.hexdigest().encode()
        for name, content in contents.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    os.replace(partial, target)
    return digest.hexdigest()


def _digest_of(archive: Path) -> str:
    """The digest that an archive was written with; empty where there is none."""
    try:
        with zipfile.ZipFile(archive) as existing:
            return existing.comment.decode()
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError):
        return ""


def _runtime_files() -> Iterator[tuple[str, Path]]:
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        yield f"headway_runtime/{path.relative_to(root).as_posix()}", path


def _package_files(name: str) -> Iterator[tuple[str, Path]]:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        # Without it the zip would fail in AWS, an hour later and less clearly.
        raise ModuleNotFoundError(f"{name} must be installed here: the runtime's archive holds it", name=name)
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        yield origin.name, origin
        return
    root = origin.parent
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and "__pycache__" not in path.parts and _wanted(name, relative):
            yield f"{name}/{relative.as_posix()}", path


def _wanted(package: str, path: Path) -> bool:
    """Of botocore only the models that are called; of every package only what Python reads."""
    parts = path.parts
    if package in ("boto3", "botocore") and parts[0] == "data" and len(parts) > 2:
        return parts[1] in SERVICES
    if package == "boto3" and parts[0] == "examples":
        return False
    if package == "tzdata":
        return True  # Zones are files without a suffix.
    return path.suffix in (".py", ".json", ".gz", ".pem", ".txt", ".typed") or path.name == "cacert.pem"
