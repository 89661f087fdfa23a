"""The project's stacks: where they are and what their config says. Reads files; needs no Pulumi."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headway.errors import HeadwayError, nearest
from headway.planning.lock import LockError, Settings

STACKS_FOLDER = Path("stacks")
"""Where ``Pulumi.yaml`` says stack configs live (``stackConfigDir``)."""
_PREFIX, _SUFFIX = "Pulumi.", ".yaml"


def project_root(start: Path | None = None) -> Path:
    """The nearest folder, from ``start`` (the working folder) upwards, that holds a Pulumi project.

    Raises:
        HeadwayError: There is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file() or (folder / STACKS_FOLDER).is_dir():
            return folder
    raise HeadwayError(f"{here} is in no project: no Pulumi.yaml and no {STACKS_FOLDER}/ here or above")


def stack_names(root: Path) -> tuple[str, ...]:
    """The stacks that have a config file, by name.

    Raises:
        LockError: There are none.
    """
    names = sorted(
        path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        for path in (root / STACKS_FOLDER).glob(f"{_PREFIX}*{_SUFFIX}")
    )
    if not names:
        raise LockError(
            f"no stacks: {root / STACKS_FOLDER} holds no {_PREFIX}<stack>{_SUFFIX}, such as {_PREFIX}dev{_SUFFIX} with "
            "config: {headway:profile: PATH}"
        )
    return tuple(names)


def stack_config(root: Path, stack: str) -> dict[str, Any]:
    """A stack's whole config, as its file says it: ``{"headway:profile": ..., "aws:region": ...}``.

    Raises:
        LockError: There is no such stack, or its file is not a stack config.
    """
    names = stack_names(root)
    if stack not in names:
        raise LockError(f"no stack {stack!r}{nearest(stack, names) or '; there are ' + ', '.join(names)}")
    return _read_config(root / STACKS_FOLDER / f"{_PREFIX}{stack}{_SUFFIX}")


def stack_settings(root: Path, stack: str) -> Settings:
    """A stack's ``headway:*`` settings.

    Raises:
        LockError: They are missing or wrong, by the file's and the field's name.
    """
    config = stack_config(root, stack)
    try:
        return Settings.from_config(config)
    except LockError as error:
        raise LockError(f"{STACKS_FOLDER / f'{_PREFIX}{stack}{_SUFFIX}'}: {error}") from None


def stack_region(stack: str, start: Path | None = None) -> str | None:
    """Where a stack of the project here is: its ``aws:region``, else its profile's; None where no project knows it.

    Raises:
        LockError: This project has stacks, and none of that name; or its config is wrong.
    """
    try:
        root = project_root(start)
    except HeadwayError:
        return None
    if not any((root / STACKS_FOLDER).glob(f"{_PREFIX}*{_SUFFIX}")):
        return None
    said = stack_config(root, stack).get("aws:region")
    return str(said) if said else stack_settings(root, stack).load_profile(root).region


def _read_config(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LockError(f"{path}: cannot be read ({error.strerror})") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LockError(f"{path}:{line}: not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise LockError(f"{path}: not YAML: {str(error).splitlines()[0]}") from None
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise LockError(f"{path}: a stack config is a mapping with `config:`, holding at least headway:profile")
    return {str(key): value for key, value in config.items()}
