"""Every command that asks AWS, with boto3 itself, of an AWS on localhost that refuses: one line, exit 1, nothing changed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.account import connection, spot_prices
from headway.account.permissions import PERMISSIONS
from headway.cli import run
from headway_rehearsal.localhost import Answering, local_server

COMMANDS = {
    "prices refresh": ("prices", "refresh"),
    "traffic cloudwatch": ("traffic", "cloudwatch", "--queue", "uploads", "--into", "mine.yaml", "--out", "week.json"),
    "measure": ("measure", "--endpoint", "classifier", "--payloads", "samples", "--into", "mine.yaml", "--yes"),
    "calibrate": ("calibrate", "--stack", "prod"),
    "drift": ("drift", "--stack", "prod", "--out", "proposal.md"),
    "redrive": ("redrive", "--stack", "prod", "--all"),
    "reconcile": ("reconcile", "mine.yaml", "--stack", "prod", "--from", "2026-10-01", "--to", "2026-11-01"),
    "current": ("current", "--endpoint", "classifier", "--into", "mine.yaml"),
}
MORE = {
    "recommender": ("measure", "--recommender", "job", "--into", "mine.yaml"),
    "latency": ("measure", "--endpoint", "classifier", "--cloudwatch", "--into", "mine.yaml"),
    "endpoint's traffic": ("traffic", "cloudwatch", "--endpoint", "classifier", "--into", "mine.yaml"),
    "function's traffic": ("traffic", "cloudwatch", "--function", "classify", "--into", "mine.yaml"),
}
ALL = COMMANDS | MORE
REFUSALS = {
    "expired": ("ExpiredTokenException", "The security token included in the request is expired", "log in again"),
    "unknown": ("UnrecognizedClientException", "The security token is invalid", "does not accept the credentials"),
    "denied": ("AccessDeniedException", "not allowed", "AWS denied {action}: allow it; `headway {command}` needs it"),
    "throttled": ("ThrottlingException", "Rate exceeded", "AWS throttled {action} and retries did not help"),
    "clock": ("InvalidSignatureException", "Signature expired: 20261125T09 is now earlier than 20261125T10", "clock is off"),
}  # fmt: skip


class Refusing(Answering):
    """AWS in either of its languages, always with the same error."""

    code = message = ""

    def do_POST(self) -> None:
        self.body()
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            said = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
            xml = f"<Response><Errors>{said}</Errors><RequestID>r</RequestID></Response>"
            self.reply(400, xml.encode(), Content_Type="text/xml")
        else:
            answer = {"__type": self.code, "message": self.message}
            self.reply(400, answer, x_amzn_ErrorType=self.code, Content_Type="application/x-amz-json-1.1")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a profile, a lock, a refreshed book and payloads, and nobody's configuration."""
    shutil.copytree("stacks", tmp_path / "stacks")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(name, tmp_path / name)
    shutil.copy("stacks/profiles/loan-documents.yaml", tmp_path / "mine.yaml")
    (tmp_path / "data").mkdir()
    shutil.copy("headway/prices/data/prices.json.gz", tmp_path / "data" / "prices-2026-11-20.json.gz")
    (tmp_path / "week.json").write_text("what was there")
    (tmp_path / "proposal.md").write_text("what was there")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "a.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HEADWAY_PRICES", raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(connection, "ATTEMPTS", 1)
    monkeypatch.setattr(spot_prices, "fetch_https", lambda _: b"{}")
    return tmp_path


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Refusing]]:
    made = type("Refusing", (Refusing,), {})
    with local_server(made) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield made


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        *((name, "denied") for name in ALL),
        *((name, other) for name in ("prices refresh", "drift") for other in REFUSALS if other != "denied"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do_and_leaves_every_file(
    here: Path, refusing: type[Refusing], capsys: pytest.CaptureFixture[str], name: str, refusal: str
) -> None:
    code, message, expected = REFUSALS[refusal]
    refusing.code, refusing.message = code, message
    before = content(here)

    assert run(list(ALL[name])) == 1

    told = capsys.readouterr()
    assert told.err.count("\n") == 1, told.err
    command = " ".join(ALL[name][: 2 if ALL[name][0] in ("prices", "traffic") else 1])
    asked = [action for action in PERMISSIONS[command] if expected.format(action=action, command=command) in told.err]
    assert asked, told.err
    assert content(here) == before


@pytest.mark.parametrize("name", ["prices refresh", "measure", "reconcile", "traffic cloudwatch"])
def test_without_credentials_one_line_says_where_they_come_from(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    before = content(here)

    assert run(list(ALL[name])) == 1

    assert capsys.readouterr().err == (
        "error: no AWS credentials were found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in: aws sso login\n"
    )
    assert content(here) == before


def test_every_command_with_permissions_is_among_them() -> None:
    assert set(COMMANDS) == set(PERMISSIONS)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "command", [("prices", "refresh"), ("drift", "--stack", "prod"), ("traffic", "cloudwatch", "--queue", "uploads")]
)
def test_a_place_that_cannot_be_written_is_told_before_aws_is_asked(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The faked AWS fails at the first question.
    for out, said in ((tmp_path / "none/it", f"there is no folder {tmp_path / 'none'}"), (tmp_path, "is a directory")):
        assert run([*command, "--out", str(out)]) == 1
        assert capsys.readouterr().err.startswith(f"error: {out}: {said}")
