"""Where a side's files come from: a git revision (read without touching the working tree), a folder, or one plan."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from headway.errors import HeadwayError, nearest
from headway.planning.lock import LockError
from headway.planning.stacks import STACKS_FOLDER, project_root, stack_names, stack_settings


class Source(NamedTuple):
    """A side's files, on disk for as long as the side is open."""

    label: str
    """As a reader knows it: ``main (3f2a91c)``, ``.``, ``plan.json``."""
    folder: Path | None
    """The project's root; None where the side is one plan."""
    file: Path | None = None
    """The one plan."""
    notes: tuple[str, ...] = ()
    """What a reader of revisions should know: work that is in none of them."""
    prefix: str = ""
    """What stands for the folder in what is said of its files."""

    @property
    def working(self) -> bool:
        """Whether this is a folder as it lies, with all that is not committed."""
        return self.folder is not None and not self.prefix.endswith(":")

    def said(self, text: str) -> str:
        """A message about this side's files, under the names that a reader knows."""
        return text if self.folder is None else text.replace(f"{self.folder}/", self.prefix)


@contextmanager
def open_source(given: str, start: Path | None = None) -> Iterator[Source]:
    """The files that ``given`` names: a revision of the project's repository, a folder, or a plan's file.

    A word that names both is the revision; write ``./word`` for the folder.

    Raises:
        HeadwayError: It is none of them, or a revision that this clone does not hold (says what to fetch).
    """
    path = Path(given)
    written_as_path = given in (".", "..") or given.startswith(("./", "../", "/")) or path.suffix == ".json"
    commit = None if written_as_path and path.exists() else _commit(given, start)
    if commit is not None:
        with tempfile.TemporaryDirectory(prefix="headway-") as scratch:
            yield _checked_out(given, commit, start, Path(scratch).resolve())
    elif path.is_dir():
        root = project_root(path)
        yield Source(label=given, folder=root, prefix="" if given == "." else f"{given.rstrip('/')}/")
    elif path.is_file():
        yield Source(label=given, folder=None, file=path)
    else:
        raise HeadwayError(_unknown(given, start))


def _checked_out(given: str, commit: str, start: Path | None, scratch: Path) -> Source:
    """The stacks of a commit, their plans and the profiles that they name, in a folder of their own."""
    root = project_root(start)
    # The folder counts as the project's root, whatever lies above it.
    (scratch / "Pulumi.yaml").touch()
    (scratch / STACKS_FOLDER).mkdir()
    _unpack(_git(root, "archive", "--format=tar", commit, "--", str(STACKS_FOLDER)), scratch)
    for profile in _profiles(scratch):
        target = scratch / profile
        content = None if target.exists() else _git(root, "show", f"{commit}:./{profile}")
        if content is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    label = given if commit.startswith(given) else f"{given} ({commit[:7]})"
    return Source(label=label, folder=scratch, prefix=f"{given}:", notes=_notes(given, commit, root))


def _profiles(folder: Path) -> Iterator[PurePosixPath]:
    """The profiles that the stacks name, where they are inside the project."""
    try:
        names = stack_names(folder)
    except LockError:
        return
    for name in names:
        try:
            profile = PurePosixPath(stack_settings(folder, name).profile)
        except HeadwayError:
            continue  # Said when the stack itself is read.
        if not profile.is_absolute() and ".." not in profile.parts:
            yield profile


def _unpack(archive: bytes | None, folder: Path) -> None:
    """Plain files only: a link in somebody's branch leads nowhere."""
    if not archive:
        return
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            content = tar.extractfile(member) if member.isfile() else None
            if content is None or name.is_absolute() or ".." in name.parts:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def _notes(given: str, commit: str, root: Path) -> tuple[str, ...]:
    """Work that is not committed is no part of a revision, which surprises whoever has just edited a profile."""
    head = _git(root, "rev-parse", "HEAD")
    if head is None or head.decode().strip() != commit:
        return ()
    changed = _git(root, "status", "--porcelain", "--", str(STACKS_FOLDER))
    if not changed:
        return ()
    return (f"{STACKS_FOLDER}/ has changes that are not committed: no part of {given}; compare with . to see them",)


def _commit(revision: str, start: Path | None) -> str | None:
    found = _git(_where(start), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return found.decode().strip() if found else None


def _unknown(given: str, start: Path | None) -> str:
    where = _where(start)
    if _git(where, "rev-parse", "--git-dir") is None:
        return f"{given!r}: no such folder or plan file, and {where} is in no git repository to look for a revision"
    if (_git(where, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true":
        return (
            f"{given!r} is not in this shallow clone: run `git fetch --unshallow`, or `git fetch --depth=1 origin "
            f"{given}` (actions/checkout: fetch-depth: 2 holds the base of a pull request, as HEAD^1)"
        )
    listed = _git(where, "for-each-ref", "--format=%(refname:short)") or b""
    names = [*listed.decode(errors="replace").split(), "HEAD"]
    return f"{given!r} is neither a revision of this repository nor a folder or plan file{nearest(given, names)}"


def _where(start: Path | None) -> Path:
    return (start or Path.cwd()).resolve()


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints, or None where it fails.

    Raises:
        HeadwayError: There is no git.
    """
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise HeadwayError("comparing revisions needs git on the path; or give two folders or plan files") from None
    return done.stdout if done.returncode == 0 else None
