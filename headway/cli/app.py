"""The application that commands join, and how it runs: exit codes, errors as one message."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from headway.cli.options import DONE, FAILED
from headway.errors import HeadwayError, problem_text

HELP = """How long can the people waiting really wait? From the answer to the cheapest AWS architecture that meets it,
and its monthly bill, before anything is created.

\b
  headway init                                             asks the questions and writes a profile
  headway plan stacks/profiles/loan-documents.yaml         what to run, why, and the bill line by line
  headway lock                                             write the plans that the stacks run (stacks/plans)
  headway lock --check                                     in CI: exit 2 when profile or settings moved on from the lock
  headway env                                              dev, staging and prod side by side
  headway report stacks/profiles/loan-documents.yaml       the same as a page, with pictures
  headway traffic import access.log --into my-model.yaml   the week's traffic from a log
  headway simulate my-model.yaml --trace requests.csv      what people would have waited, request by request
  headway measure --url http://localhost:8080 ...          what the model takes, into the profile
  headway reconcile my-model.yaml --stack prod ...         the bill as it came against the estimate, and why
  headway drift --stack prod                               is another architecture right by now, and since when
  headway diff main                                        what a change does to every environment's bill
  headway price lambda requests=3000000 duration=1s memory=512MB
  headway rehearse --requests 20                           the stack on an AWS in this process, with real requests

\b
Exit codes: 0 done; 1 could not be done; 2 done, and a check, a limit or the wait cannot be met.
"""

app = typer.Typer(
    name="headway", help=HELP, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)  # fmt: skip


def _show_version(wanted: bool) -> None:
    if wanted:
        from headway import __version__

        typer.echo(f"headway {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what a person can mend becomes one message on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="headway", standalone_mode=False)
        sys.stdout.flush()
    except _USAGE as error:
        if (errors := getattr(error.__cause__, "errors", None)) is not None:
            # Newer versions of typer check values with pydantic, and pass its words on.
            (problem, *_) = errors()
            given, needed = repr(problem["input"]), problem_text(problem)
            error.message = needed if given in needed else f"got {given}; {needed}"
        error.show()
        return FAILED
    except HeadwayError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing more may be written, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    except (KeyboardInterrupt, typer.Abort):
        return _fail("stopped")
    if code == _INTERRUPTED:
        return _fail("stopped")
    return code if isinstance(code, int) else DONE


_USAGE: Any = typer.BadParameter.__mro__[2]
"""The base of every usage error, which typer does not name itself."""


_INTERRUPTED = 130
"""What newer versions of typer make of Ctrl-C."""


def _fail(message: str) -> int:
    first, *more = message.splitlines() or ["unknown"]
    sys.stderr.write("\n".join([f"error: {first}", *(f"       {line}" for line in more)]) + "\n")
    return FAILED


def main() -> None:
    """The ``headway`` command."""
    # A command lives a second and keeps what it loads: to look through it all for garbage took a tenth of that.
    gc.set_threshold(50_000, 50, 50)
    sys.exit(run())
