"""Asking: flags first, then whoever answers, one question at a time, and what each answer costs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from headway.errors import HeadwayError
from headway.interview.questions import QUESTIONS, Answers, Question, draft
from headway.planning import Plan
from headway.planning.search import plan
from headway.profile import Profile, read_profile
from headway.report.words import promised, verdict, without_price
from headway.units import format_duration, format_usd

Check = Callable[[str], object]
"""Raises HeadwayError for a name that cannot be taken."""


class InputEndedError(HeadwayError):
    """The answers came from a pipe, and there was none for some question."""


@dataclass
class Session:
    """What has been answered, and what is asked of whom."""

    out: Console
    name: str
    """The workload's name until it is answered."""
    check_name: Check
    answers: dict[str, str | None] = field(default_factory=dict)
    shown: Plan | None = None
    """The plan whose consequence was shown last."""
    begun: bool = False
    read: int = 0
    """Lines of standard input, where it is no terminal."""


def take_flags(session: Session, given: Mapping[str, str]) -> None:
    """Take the answers that came as flags, each checked as if it had been asked.

    Raises:
        HeadwayError: A line for each that cannot be.
    """
    wrong = []
    for question in QUESTIONS:
        if question.key not in given:
            continue
        answer = None if question.leaves_out(given[question.key]) else given[question.key]
        try:
            read_answers(session, {**session.answers, question.key: answer})
        except (HeadwayError, ValueError) as error:
            wrong.append(f"{question.flag}: {_reason(error)}")
        else:
            session.answers[question.key] = answer
    if wrong:
        raise HeadwayError("\n".join(wrong))
    # What the price book does not know is refused now, not held against the next answer.
    plan(read_answers(session, session.answers))


def read_answers(session: Session, answers: Answers) -> Profile:
    """The profile that answers make, with stand-ins for what is needed and not answered.

    Raises:
        ValueError: An answer that cannot be read.
        HeadwayError: One that cannot be, in the profile's own words, or a name that is taken.
    """
    profile = read_profile(draft(answers, session.name).content)
    if answers.get("name"):
        session.check_name(profile.name)
    return profile


def ask_all(session: Session) -> None:
    """Ask what has not been answered and matters, and show what each answer costs.

    In a terminal a question waits for its answer, and one that is refused is asked again, with the reason. Elsewhere
    answers are read from standard input, one a line, and a question is shown with its answer.

    Raises:
        InputEndedError: Standard input is no terminal and ended; names the flags that are missing.
        HeadwayError: It is no terminal, and a line is refused: the next one is the next question's answer.
    """
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    with suppress(ImportError):  # arrow keys, where Python has them
        import readline  # noqa: F401
    for question in QUESTIONS:
        if question.key not in session.answers and question.when(draft(session.answers, session.name).content):
            _ask(session, question)


def _ask(session: Session, question: Question) -> None:
    offered = question.default(draft(session.answers, session.name).content)
    first = True
    while True:
        text = _read(session, question, offered, again=not first)
        first = False
        answer = text or offered or None
        if answer is None and not question.otherwise:
            _refuse(session, question, f"an answer is needed, such as {question.example}")
            continue
        answers = {**session.answers, question.key: None if question.leaves_out(answer or "") else answer}
        try:
            profile = read_answers(session, answers)
            # A region or an instance type that the price book does not know is refused here.
            made = plan(profile)
        except (HeadwayError, ValueError) as error:
            _refuse(session, question, _reason(error))
            continue
        session.answers = answers
        if question.decides:
            show_consequence(session, profile, made)
        return


def _read(session: Session, question: Question, offered: str, *, again: bool) -> str:
    prompt = f"  [{offered or question.otherwise}] > " if offered or question.otherwise else "  > "
    if sys.stdin.isatty():
        if not again:
            _show(session, question)
        return input(prompt).strip()
    line = sys.stdin.readline()
    if not line:
        raise InputEndedError(_missing(session))
    session.read += 1
    if not again:
        _show(session, question)
    session.out.print(Text(prompt + line.strip()))
    return line.strip()


def _show(session: Session, question: Question) -> None:
    out = session.out
    if not session.begun:
        out.print("How long can the people waiting really wait? Each answer shows what it costs.")
        out.print("Enter takes what stands in brackets; Ctrl-C stops, and nothing is written.")
        session.begun = True
    out.print()
    out.print(Text(question.ask, style="bold"))
    out.print(Padding(Text(f"{question.why} Such as: {question.example}", style="dim"), (0, 0, 0, 2), expand=False))


def _refuse(session: Session, question: Question, reason: str) -> None:
    if not sys.stdin.isatty():
        asked = f"line {session.read} of standard input, which answers {question.flag}"
        raise HeadwayError(f"{asked}: {reason}\nnothing was written; mend the line, or give answers as flags")
    session.out.print(Padding(Text(reason, style="yellow"), (0, 0, 0, 2), expand=False))


def _reason(error: Exception) -> str:
    return "; ".join(str(error).splitlines())


def _missing(session: Session) -> str:
    made = draft(session.answers, session.name)
    needed = {question.key for question in made.filled}
    unanswered = [q for q in QUESTIONS if q.key not in session.answers and q.when(made.content)]
    must = _flags([question for question in unanswered if question.key in needed])
    may = _flags([question for question in unanswered if question.key not in needed])
    lines = ["standard input is no terminal and ended before every question had its answer"]
    lines += [f"a profile needs {must}"] if must else []
    lines += [f"not answered either: {may}"] if may else []
    return "\n".join([*lines, "give them as flags or as further lines, or let --yes take the defaults"])


def _flags(questions: Sequence[Question]) -> str:
    return ", ".join(question.flag for question in questions)


def show_consequence(session: Session, profile: Profile, made: Plan) -> None:
    """One line: what would run, its bill and its wait, and what it was before. Nothing while its facts are missing."""
    pending = {question.key for question in draft(session.answers, session.name).filled}
    if pending - {"max_wait", "name"}:
        return
    assumed = f"for a wait of {format_duration(profile.latency.max_wait)}, " if "max_wait" in pending else ""
    text = f"→ {assumed}{consequence(made, session.shown)}"
    session.out.print(Padding(Text(text, style="bold" if made.choice else "bold yellow"), (0, 0, 0, 2), expand=False))
    session.shown = made


def consequence(made: Plan, before: Plan | None = None) -> str:
    """What a plan would run, its bill and its wait; what another one was before; what it saves of today's bill.

    >>> from headway import load_profile
    >>> declared = load_profile("stacks/profiles/contact-form.yaml")
    >>> text = consequence(plan(declared), plan(declared, only="realtime"))
    >>> text.split(" USD ")[0], text.split("(")[1].split(" USD ")[0]
    ('serverless:', 'before: realtime')
    """
    if made.choice is None:
        return verdict(made)
    percentile = made.design.percentile if made.design else 99
    text = (
        f"{made.choice.architecture}: {format_usd(made.choice.monthly.expected)} a month"
        f"{without_price(made)}, "
        f"p{percentile:g} {promised(made.choice.wait)}"
    )
    if before is not None:
        text += f" ({_before(made, before)})"
    if made.current is not None and made.current.difference is not None:
        way = "less" if made.current.difference >= 0 else "more"
        text += f"; {format_usd(abs(made.current.difference))} {way} than today"
    return text


def _before(made: Plan, before: Plan) -> str:
    if before.choice is None or made.choice is None:
        return "before: nothing fitted"
    now, was = (f"{one.architecture} {format_usd(one.monthly.expected)}" for one in (made.choice, before.choice))
    return "no change" if now == was else f"before: {was}"
