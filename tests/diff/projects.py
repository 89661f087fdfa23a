"""Small projects in git, made for a test and changed by it."""

import subprocess
from pathlib import Path

PROFILE = """\
name: form
latency: {max_wait: 5s}
traffic: {per_day: 50}
model: {measured: [{hardware: m5.large, seconds: 0.4}]}
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write_stack(folder: Path, name: str, **settings: str) -> None:
    """A stack's config; ``form.yaml`` unless another profile is named."""
    given = {"profile": "stacks/profiles/form.yaml", **settings}
    lines = [f'  headway:{key}: "{value}"' for key, value in given.items()]
    (folder / "stacks").mkdir(exist_ok=True)
    (folder / f"stacks/Pulumi.{name}.yaml").write_text("\n".join(["config:", "  aws:region: us-east-1", *lines, ""]))


def write_profile(folder: Path, text: str = PROFILE, name: str = "form") -> Path:
    path = folder / f"stacks/profiles/{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def new_project(folder: Path, stacks: tuple[str, ...] = ("dev", "prod")) -> Path:
    """A project with its stacks, committed on main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "Pulumi.yaml").write_text("name: x\n")
    write_profile(folder)
    for name in stacks:
        write_stack(folder, name, **({"scale": "0.5"} if name == "dev" else {}))
    commit(folder, "first")
    return folder
