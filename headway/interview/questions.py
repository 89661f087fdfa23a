"""The table of questions: what is asked and why, the flag, what Enter takes, and the field that the answer enters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from headway.architectures.fallback import waits_at_once
from headway.assumptions import ASSUMPTIONS, assume
from headway.errors import HeadwayError
from headway.interview import entering
from headway.interview.entering import Content
from headway.profile.calendar import parse_clock, parse_days
from headway.units import parse_duration

Answers = Mapping[str, str | None]
"""Each question's answer by its key; None where the answer was that there is nothing to say."""


@dataclass(frozen=True)
class Question:
    """One question. Its answer is text, the same in a terminal, in a pipe and after a flag."""

    key: str
    ask: str
    why: str
    """What the answer decides."""
    fields: tuple[str, ...]
    """The profile's fields that it may enter."""
    enters: Callable[[Content, str], None]
    """Raises ValueError for a phrase that cannot be read."""
    example: str
    default: Callable[[Content], str] = lambda _: ""
    """The answer that Enter gives, from the profile so far."""
    otherwise: str = ""
    """The words for nothing to say; the field is then left out, and Enter says them where there is no default."""
    needed: bool = False
    """Whether a profile cannot be without it."""
    when: Callable[[Content], bool] = lambda _: True
    """Whether to ask, from the profile so far."""
    where: str = ""
    """The words of ``when``, for the help: whoever answers by lines has to know which questions come."""
    decides: bool = True
    """Whether a plan can depend on it."""
    many: bool = False
    """Whether the flag may be repeated."""

    @property
    def flag(self) -> str:
        """The command's option: ``--max-wait``."""
        return "--" + self.key.replace("_", "-")

    def offer(self, content: Content) -> str:
        """What stands in for an answer that a profile needs: the default, else the example."""
        return self.default(content) or self.example

    def leaves_out(self, text: str) -> bool:
        """Whether an answer is the words for nothing to say."""
        return bool(self.otherwise) and text.strip().lower() in (self.otherwise, "")


class Draft(NamedTuple):
    """A profile's content from the answers so far."""

    content: Content
    filled: tuple[Question, ...]
    """What a profile needs and nobody has answered: examples and defaults stand in."""


def draft(answers: Answers, name: str) -> Draft:
    """The content that answers make, with stand-ins for what is needed and not answered yet.

    Raises:
        ValueError: An answer that cannot be read.

    >>> made = draft({"traffic": "200/hour", "busy_hours": "08-18", "max_wait": "30m"}, "documents")
    >>> made.content["traffic"]["shape"][0], [question.flag for question in made.filled]
    ({'hours': '08-18', 'per_hour': 200}, ['--name', '--measured', '--quiet'])
    """
    content: Content = {"name": name}
    filled = []
    for question in QUESTIONS:
        if question.key in answers:
            text = answers[question.key]
            if text is not None:
                question.enters(content, text)
        elif question.needed and question.when(content):
            question.enters(content, question.offer(content))
            filled.append(question)
    return Draft(content, tuple(filled))


def notation(seconds: float) -> str:
    """Seconds as a profile writes them.

    >>> notation(1800), notation(86400), notation(5)
    ('30m', '24h', '5s')
    """
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


def _by_the_hour(content: Content) -> bool:
    return "per_hour" in content["traffic"]


def _has_busy_hours(content: Content) -> bool:
    return "shape" in content["traffic"]


def _has_ready_by(content: Content) -> bool:
    return "ready_by" in content.get("latency", {})


def _waits_at_once(content: Content) -> bool:
    latency = content.get("latency", {})
    try:
        wait_s = parse_duration(latency.get("max_wait"))
    except (HeadwayError, ValueError):
        return False
    return waits_at_once(latency.get("waiting", "user"), wait_s)


def _falls_back_to(rung: str) -> Callable[[Content], bool]:
    return lambda content: rung in content.get("fallback", ())


def _last_arrival(content: Content) -> str:
    minutes = parse_clock(content["latency"]["ready_by"]["time"]) - int(assume("interview.ready_lead")) // 60
    return f"{minutes % 1440 // 60:02d}:{minutes % 60:02d}"


def _usual_wait(content: Content) -> str:
    """By a time of day: from one to the next, over a weekend too. Otherwise by who waits."""
    latency = content.get("latency", {})
    ready = latency.get("ready_by")
    if ready is None:
        row = f"interview.wait_{latency.get('waiting', 'user')}"
        return notation(assume(row)) if row in ASSUMPTIONS else ""
    days = parse_days(ready.get("days", "all"))
    return f"{max((after - day - 1) % 7 + 1 for day, after in zip(days, (*days[1:], days[0]), strict=True))}d"


QUESTIONS = (
    Question(
        "name", "What is the workload called?", "Names the file, and what is created later.",
        ("name",), entering.name, "loan-documents", default=lambda content: str(content["name"]), needed=True,
        decides=False,
    ),
    Question(
        "region", "In which AWS region would it run?", "Its prices are used.",
        ("region",), entering.at("region"), "eu-west-1", default=lambda _: str(ASSUMPTIONS["profile.region"].value),
    ),
    Question(
        "measured", "What did you measure? The hardware and the time of one call; x8 for a call of eight items.",
        "Everything is sized from it, and other hardware is not guessed at.",
        ("model.measured",), entering.measured, "m5.large 0.4s", needed=True, many=True,
    ),
    Question(
        "load_time", "From the container's start to its first answer, how long?",
        "Decides what can sleep between requests.",
        ("model.load_time",), entering.at("model.load_time"), "90s", otherwise="not measured",
    ),
    Question(
        "request", "How large is a request, and at most?", "Each service has its limit, and what is large is stored.",
        ("model.request",), entering.request, "200KB up to 5MB", otherwise="not measured",
    ),
    Question(
        "traffic", "How much comes in a busy hour? Or in all, if only that is known: 50/day, 30000/month.",
        "Requests, not users.",
        ("traffic.per_hour", "traffic.per_day", "traffic.per_month", "traffic.shape"), entering.traffic, "200/hour",
        needed=True,
    ),
    Question(
        "busy_hours", "When are the busy hours? business hours (weekdays 09-17), or days and hours.",
        "Real time pays for the night too; what can wait does not.",
        ("traffic.shape",), entering.busy_hours, "weekdays 08-18", otherwise="all day", when=_by_the_hour,
        where="traffic is by the hour",
    ),
    Question(
        "quiet", "And how much comes in a quiet hour?", "All hours outside the busy ones.",
        ("traffic.shape",), entering.quiet, "4", default=lambda _: "0", needed=True, when=_has_busy_hours,
        where="there are busy hours",
    ),
    Question(
        "predictable", "Do the same hours look alike from week to week?",
        "If not, there is nothing to schedule by, and the ranges are wider.",
        ("traffic.predictable",), entering.predictable, "no", default=lambda _: "yes",
    ),
    Question(
        "waiting", "Who waits, and what do they do meanwhile? user (looks at the screen), workflow (another system "
        "goes on with it), review (somebody looks at it later), nobody.",
        "The honest question. Most of what runs in real time has nobody watching.",
        ("latency.waiting",), entering.at("latency.waiting"), "review", default=lambda _: "user",
    ),
    Question(
        "ready_by", "Is there a time of day by which results must be ready?", "One departure before it may be enough.",
        ("latency.ready_by",), entering.ready_by, "08:00", otherwise="no",
    ),
    Question(
        "arrived_by", "For what arrived until when?", "Later arrivals are for the next time.",
        ("latency.ready_by",), entering.arrived_by, "06:00", default=_last_arrival, needed=True, when=_has_ready_by,
        where="--ready-by has a time",
    ),
    Question(
        "ready_days", "On which days?", "The other days' results are for the next of these.",
        ("latency.ready_by",), entering.ready_days, "weekdays", otherwise="every day", when=_has_ready_by,
        where="--ready-by has a time",
    ),
    Question(
        "max_wait", "When is the answer really needed? The longest that would still be fine.",
        "The one number that decides the most.",
        ("latency.max_wait",), entering.at("latency.max_wait"), "30m", default=_usual_wait, needed=True,
    ),
    Question(
        "quiet_wait", "And outside the busy hours, how long would be fine?",
        "Nights and weekends often wait for the morning.",
        ("latency.schedule",), entering.quiet_wait, "90m", otherwise="the same", when=_has_busy_hours,
        where="there are busy hours",
    ),
    Question(
        "timezone", "In which time zone are these hours?", "Daylight saving is followed.",
        ("timezone",), entering.at("timezone"), "America/New_York",
        default=lambda _: str(ASSUMPTIONS["profile.timezone"].value),
        when=lambda content: _has_busy_hours(content) or _has_ready_by(content),
        where="there are busy hours or --ready-by has a time",
    ),
    Question(
        "fallback", "And when the model fails or is late, what shall whoever waits get instead? In order, of: cache "
        "(the last good answer to the same question), queue (a ticket, answered later), default (an answer of yours).",
        "A router then stands before the model, and answers within the wait all the same.",
        ("fallback",), entering.fallback, "cache, queue, default", otherwise="none", when=_waits_at_once,
        where="a user or a workflow waits for 30 s at the most",
    ),
    Question(
        "fallback_answer", "Which default answer?", "It is given as it stands, and marked.",
        ("fallback_answer",), entering.fallback_answer, '{"label": "unknown"}', needed=True,
        when=_falls_back_to("default"), where="--fallback names default",
    ),
    Question(
        "fallback_max_age", "How old may a last good answer be?", "Older ones are not given, and forgotten.",
        ("fallback_max_age",), entering.at("fallback_max_age"), "6h",
        default=lambda _: notation(assume("profile.fallback_max_age")), when=_falls_back_to("cache"),
        where="--fallback names cache",
    ),
    Question(
        "today", "What runs today?", "To compare with; it changes no choice.",
        ("current",), entering.today, "9 x ml.g5.12xlarge", otherwise="nothing",
    ),
    Question(
        "today_bill", "And what does it cost a month, in USD?", "Where it is not known, the fleet is priced.",
        ("current.monthly_bill",), entering.at("current.monthly_bill"), "47000", otherwise="not known",
        when=lambda content: "current" in content, where="something runs today",
    ),
    Question(
        "image", "Which container image holds the model? (`serve`, GET /ping, POST /invocations, port 8080)",
        "Needed to provision, not to plan.", ("model.container.image",), entering.image,
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/classifier:1", otherwise="not known", decides=False,
    ),
    Question(
        "artifact", "And where is its artifact?", "Fetched before the container starts.",
        ("model.container.artifact",), entering.artifact, "s3://models/classifier.tar.gz", otherwise="in the image",
        when=lambda content: "container" in content["model"], where="there is an --image", decides=False,
    ),
)  # fmt: skip
"""In the order in which they are asked: what is known first, so that each answer about the wait shows what it costs."""
