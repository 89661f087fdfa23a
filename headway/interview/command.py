"""``headway init``: its options are made from the table of questions, a flag each."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from headway.errors import HeadwayError
from headway.interview.questions import QUESTIONS, Question, draft
from headway.interview.session import Session, ask_all, consequence, read_answers, take_flags
from headway.interview.writing import profile_text, refuse_overwriting, write_profile
from headway.planning.search import plan
from headway.profile import read_profile
from headway.report.console import bullets, console

UNNAMED = "my-model"
PROFILES = Path("stacks/profiles")
"""Where profiles go without a path, in a project that has the folder."""

HELP = """Ask the honest questions, show what each answer costs, and write the profile that they make.

Asks in a terminal, and asks again what it refuses. Elsewhere answers are read from standard input, a line each in the
order below, without the questions that a flag answers and those whose "Asked where" does not hold; an empty line takes
the default, and a line that is refused ends it. With --yes nothing is asked: what no flag says takes its default, and
the file marks what had to be assumed; for a script this is the better way. Nothing is written before the last answer,
nor over a file without --force.

\b
  headway init                                             ask everything
  headway init invoices.yaml --max-wait 30m                ask the rest, write that file
  headway init --yes                                       an example to edit
  headway init --yes --name my-model --max-wait 5s --traffic 50/day --measured "m5.large 0.4s"
  headway init --yes --name loan-documents --waiting review --max-wait 30m --quiet-wait 90m \\
    --traffic 200/hour --busy-hours "weekdays 08-18" --quiet 4 --timezone America/New_York \\
    --measured "g5.xlarge 2s" --measured "g5.xlarge 6.4s x8" --request "200KB up to 5MB" \\
    --today "9 x ml.g5.12xlarge" --today-bill 47000
  headway init --yes --name delivery-estimate --max-wait 2s --traffic 9000/hour --measured "c5.xlarge 0.14s" \\
    --fallback "cache, queue, default" --fallback-max-age 6h --fallback-answer '{"days": "3 to 5"}'
  headway init --yes --name nightly-report --waiting nobody --ready-by 08:00 --arrived-by 06:00 \\
    --ready-days weekdays --traffic 3000/day --measured "g5.xlarge 3.1s, g5.xlarge 14s x16"

\b
Measurements: hardware and the time of one call; x8 where the call holds eight items; also batch=8,
concurrency=4, variability=0.3, or p50=12ms p99=30ms in place of the time.

Exit code 2 when the profile is written and nothing meets its wait.
"""


def run(arguments: Sequence[str]) -> bool:
    """Run the command; whether something meets the wait of the profile it wrote."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    app.command(help=HELP, context_settings=settings)(_with_flags(init))
    return app(args=list(arguments), prog_name="headway init", standalone_mode=False) is not False


def init(path: Path | None, yes: bool, force: bool, **given: str | list[str] | None) -> bool:
    """Ask, show, write; whether something meets the wait."""
    out = console()

    def target(name: str) -> Path:
        found = path or (PROFILES if PROFILES.is_dir() else Path()) / f"{name}.yaml"
        refuse_overwriting(found, force=force)
        return found

    if path is not None:
        target(UNNAMED)
    session = Session(out, _name_from(path), check_name=target)
    take_flags(session, {key: ", ".join(v) if isinstance(v, list) else v for key, v in given.items() if v is not None})
    if not yes:
        ask_all(session)
    made, profile = draft(session.answers, session.name), read_answers(session, session.answers)
    planned = plan(profile)
    assumed = [question for question in made.filled if question.decides]
    fields = {field for question in assumed for field in question.fields}
    file = target(profile.name)
    write_profile(file, profile_text(made.content, assumed=fields), digest=profile.digest, force=force)
    out.print(consequence(planned), soft_wrap=True)
    if planned.warnings:
        out.print("Mind:")
        bullets(out, planned.warnings)
    if assumed:
        out.print("Assumed, and marked in the file, because nobody said:")
        bullets(out, [f"{question.flag} {question.offer(made.content)}" for question in assumed])
    out.print(f"Wrote {file}. Next: headway plan {file}", soft_wrap=True)
    return planned.choice is not None


def _name_from(path: Path | None) -> str:
    """The file's name, where a workload can be called that."""
    if path is not None:
        with suppress(HeadwayError):
            return read_profile(draft({}, path.stem).content).name
    return UNNAMED


def _with_flags(command: Callable[..., bool]) -> Callable[..., bool]:
    """The command with an option for each question in place of its keyword arguments."""

    @functools.wraps(command)
    def with_flags(**values: Any) -> bool:
        try:
            return command(**values)
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            raise typer.Abort from None

    parameters = {
        "path": (
            Path | None,
            typer.Argument(metavar="FILE", help="What to write. Otherwise: <name>.yaml, in stacks/profiles if there."),
            None,
        ),
        **{question.key: (*_option(question), None) for question in QUESTIONS},
        "yes": (bool, typer.Option("--yes", "-y", help="Ask nothing; take the default of what no flag says."), False),
        "force": (bool, typer.Option("--force", help="Write over a file that exists."), False),
    }
    del with_flags.__wrapped__
    with_flags.__annotations__ = {}
    with_flags.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])
            for name, (kind, info, default) in parameters.items()
        ]
    )
    return with_flags


def _option(question: Question) -> tuple[Any, Any]:
    otherwise = f" Otherwise: {question.otherwise}." if question.otherwise else ""
    repeated = " May be repeated." if question.many else ""
    where = f" Asked where {question.where}." if question.where else ""
    text = f"{question.ask} Such as: {question.example}.{otherwise}{where}{repeated}"
    kind = list[str] | None if question.many else str | None
    return kind, typer.Option(question.flag, metavar="ANSWER", help=text, show_default=False)
