"""``headway init`` as a user meets it: flags, a pipe, a terminal; what it shows, refuses and writes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.interview import writing
from headway.interview.session import consequence
from headway.profile import Profile
from headway.units import format_usd
from tests.interview.typed import CTRL_C, LEAST, LOANS, Typed, in_terminal

BUNDLED = Path.cwd() / "stacks/profiles"
ANSWERS = [
    "documents", "", "g5.xlarge 2s, g5.xlarge 6.4s x8", "90s", "200KB up to 5MB", "200/hour", "weekdays 08-18", "4", "",
    "review", "no", "30m", "90m", "America/New_York", "9 x ml.g5.12xlarge", "47000", "",
]  # fmt: skip
"""Every question that a terminal asks about the loan documents, in order."""


def lines(*answers: str) -> str:
    return "".join(f"{answer}\n" for answer in answers)


def test_flags_alone_write_a_profile_that_plans(typed: Typed) -> None:
    said = typed.init("--yes", *LEAST)
    assert said.code == 0, said
    assert said.err == ""
    assert typed.files() == ["contact-form.yaml"]
    profile = load_profile("contact-form.yaml")
    assert (profile.name, profile.latency.max_wait, profile.traffic.per_day) == ("contact-form", 5.0, 50.0)
    made = plan(profile)
    assert said.out.splitlines()[0] == consequence(made)
    assert made.choice is not None
    assert format_usd(made.choice.monthly.expected) in said.out
    assert said.out.splitlines()[-1] == "Wrote contact-form.yaml. Next: headway plan contact-form.yaml"
    assert "Assumed" not in said.out


def test_the_bundled_loan_documents_can_be_told_in_flags(typed: Typed) -> None:
    typed.init("--yes", *LOANS)
    told, bundled = load_profile("loan-documents.yaml"), load_profile(BUNDLED / "loan-documents.yaml")
    assert told.latency == bundled.latency
    assert told.traffic.shape == bundled.traffic.shape
    assert (told.model.measured, told.model.request) == (bundled.model.measured, bundled.model.request)
    assert (told.current, told.timezone) == (bundled.current, bundled.timezone)


def test_yes_alone_writes_an_example_that_marks_what_nobody_said(typed: Typed) -> None:
    said = typed.init("--yes")
    assert said.code == 0
    text = Path("my-model.yaml").read_text()
    marked = [line.split(":")[0].strip() for line in text.splitlines() if "ASSUMED, put in your own" in line]
    assert marked == ["max_wait", "per_hour", "measured"]
    for flag in ("--measured", "--traffic", "--max-wait"):
        assert f"- {flag}" in said.out
    # What was left to Headway is no declaration, so that the plan lists it among its assumptions.
    assert {"region", "model.load_time", "traffic.peak_factor"} <= {
        used.name for used in plan(load_profile("my-model.yaml")).assumptions
    }


def test_a_written_profile_says_what_its_fields_mean(typed: Typed) -> None:
    typed.init("--yes", *LOANS)
    text = Path("loan-documents.yaml").read_text()
    assert "  max_wait: 30m              # longest acceptable time from request to result\n" in text
    assert '    - {days: weekdays, hours: "18-08", max_wait: 90m}\n' in text
    assert "  # percentile: 99           # share of requests that must make it\n" in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_a_written_profile_reads_the_same_with_its_defaults_uncommented(typed: Typed) -> None:
    typed.init("--yes", *LEAST)
    before = load_profile("contact-form.yaml")
    text = Path("contact-form.yaml").read_text()
    for field in (
        "region",
        "timezone",
        "percentile",
        "predictable",
        "peak_factor",
        "request",
        "response",
        "load_time",
        "availability",
    ):
        assert text.count(f"# {field}: ") == 1
        text = text.replace(f"# {field}: ", f"{field}: ")
    Path("contact-form.yaml").write_text(text)
    after = load_profile("contact-form.yaml")
    assert after.model_dump(warnings=False) == before.model_dump(warnings=False)


def test_who_waits_at_once_is_asked_for_a_fallback_and_others_are_not(typed: Typed) -> None:
    asked = "when the model fails or is late"
    said = typed.init(*LEAST, answers=lines("", "", "", "", "", "", "cache default", '{"label": 7}', "2h", "", "", ""))
    assert said.code == 0, said
    assert asked in said.out
    profile = load_profile("contact-form.yaml")
    assert (profile.fallback, profile.fallback_answer) == (("cache", "default"), {"label": 7})
    assert profile.fallback_max_age == 7200
    text = Path("contact-form.yaml").read_text()
    assert "fallback: [cache, default]   # what is answered when the model fails or is late, in this order\n" in text
    none = typed.init("other.yaml", *LEAST, answers=lines(*[""] * 12))
    assert (none.code, load_profile("other.yaml").fallback) == (0, ())
    assert asked not in typed.init("third.yaml", answers=lines(*ANSWERS)).out, (
        "a review of half an hour waits in a queue"
    )
    useless = typed.init("fourth.yaml", "--yes", *LOANS, "--fallback", "cache")
    assert "  - fallback (cache) has no use here: batch queues every request" in useless.out, "by its flag all the same"


def test_what_has_no_price_is_named_beside_the_total(typed: Typed) -> None:
    said = typed.init("--yes", *LOANS, "--region", "sa-east-1")
    assert re.match(r"batch: USD [\d.]+ a month and what has no price \(CloudWatch\.dashboard\), p99 ", said.out)


def test_a_default_answer_that_nobody_gave_is_marked(typed: Typed) -> None:
    said = typed.init("--yes", *LEAST, "--fallback", "default")
    assert "- --fallback-answer" in said.out
    assert "ASSUMED, put in your own: the default answer" in Path("contact-form.yaml").read_text()
    wrong = typed.init("b.yaml", "--yes", *LEAST, "--fallback", "cash")
    assert (wrong.code, typed.files()) == (1, ["contact-form.yaml"])
    assert "--fallback: fallback[0]: got 'cash'" in wrong.err
    wrong = typed.init("b.yaml", "--yes", *LEAST, "--fallback", "default", "--fallback-answer", '{"label": ')
    assert "begins as JSON and is none" in wrong.err


def test_in_a_project_it_goes_to_the_profiles(typed: Typed) -> None:
    Path("stacks/profiles").mkdir(parents=True)
    typed.init("--yes", *LEAST)
    typed.init("other.yaml", "--yes", *LEAST)
    assert typed.files() == ["other.yaml", "stacks/profiles/contact-form.yaml"]


def test_the_files_name_names_the_workload_where_it_can(typed: Typed) -> None:
    typed.init("invoices.yaml", "--yes")
    assert load_profile("invoices.yaml").name == "invoices"
    typed.init("My Invoices.yaml", "--yes")
    assert load_profile("My Invoices.yaml").name == "my-model"


def test_a_pipe_answers_line_by_line_and_every_consequence_is_the_planners(typed: Typed) -> None:
    said = typed.init(answers=lines(*ANSWERS))
    assert said.code == 0, said
    shown = [line.strip().removeprefix("→ ") for line in said.out.splitlines() if line.strip().startswith("→")]
    final = load_profile("documents.yaml")
    one_wait = final.latency.model_copy(update={"schedule": ()})
    before = plan(final.model_copy(update={"latency": one_wait, "timezone": "UTC", "current": None}))
    after = plan(final.model_copy(update={"timezone": "UTC", "current": None}))
    assert before.choice is not None
    assert consequence(before) + " (no change)" in shown, "max_wait"
    assert consequence(after, before) in shown, "quiet_wait"
    assert f"(before: batch {format_usd(before.choice.monthly.expected)})" in consequence(after, before)
    # Before anybody said how long they wait: as if they looked at the screen, and it says so.
    watched = final.latency.model_copy(update={"max_wait": 5.0, "schedule": ()})
    real_time = plan(final.model_copy(update={"latency": watched, "timezone": "UTC", "current": None}))
    assert any(line.startswith(f"for a wait of 5 s, {consequence(real_time)}") for line in shown), shown
    assert real_time.choice is not None
    assert (
        f"for a wait of 30 min, {consequence(before)} (before: realtime {format_usd(real_time.choice.monthly.expected)})"
        in shown
    )
    assert plan(final).current is not None
    assert any(line.endswith(consequence(plan(final)).split("; ")[1]) for line in shown)


def test_nothing_is_shown_before_what_it_rests_on_is_known(typed: Typed) -> None:
    said = typed.init(answers=lines(*ANSWERS))
    first = said.out.index("→")
    assert said.out.index("How much comes in a busy hour") < first < said.out.index("When are the busy hours")
    between = said.out[said.out.index("When are the busy hours") : said.out.index("And how much comes in a quiet hour")]
    assert "→" not in between, "busy hours alone say nothing of the others"


@pytest.mark.parametrize(
    ("at", "wrong", "reason"),
    [
        (0, "Documents", "name: got 'Documents'; use lower-case letters"),
        (1, "us-esat-1", "did you mean us-west-1 or us-east-1"),
        (2, "", "an answer is needed, such as m5.large 0.4s"),
        (2, "g55.xlarge 2s", "no hosting price for ml.g55.xlarge"),
        (2, "g5.xlarge 2s 8", "says seconds twice"),
        (2, "g5.xlarge 2s x8, g5.xlarge 6s", "a batch of 8 (2 s) is quicker than one of 1 (6 s)"),
        (3, "soon", "'soon' is not a duration"),
        (5, "200/fortnight", "'fortnight' is no hour, day or month"),
        (5, "lots", "traffic.per_hour: got 'lots'"),
        (6, "sonday 08-18", "'sonday' is no day"),
        (7, "-4", "got -4"),
        (9, "usr", "did you mean user?"),
        (10, "eight", "'eight' is no time of day"),
        (11, "30x", "'x' is no unit of time; use ms, s, m, h or d"),
        (13, "America/NewYork", "did you mean America/New_York"),
    ],
)
def test_a_wrong_line_ends_it_with_the_reason_so_that_no_answer_slips_into_the_next_question(
    typed: Typed, at: int, wrong: str, reason: str
) -> None:
    said = typed.init(answers=lines(*ANSWERS[:at], wrong, *ANSWERS[at:]))
    assert said.code == 1
    assert reason in " ".join(said.err.split())
    assert said.err.startswith(f"error: line {at + 1} of standard input, which answers --")
    assert "nothing was written; mend the line, or give answers as flags" in said.err
    assert typed.files() == []


def test_flags_answer_their_questions_and_the_rest_is_asked(typed: Typed) -> None:
    said = typed.init(*LOANS, "--image", "a/b:1", answers=lines("eu-west-1", "no", "no", "in the image"))
    assert said.code == 0, said
    assert "In which AWS region" in said.out
    assert "How much comes" not in said.out
    profile = load_profile("loan-documents.yaml")
    assert profile.region == "eu-west-1"
    assert profile.traffic.predictable is False


def test_input_that_ends_early_names_the_flags_that_are_missing(typed: Typed) -> None:
    said = typed.init("--max-wait", "30m")
    assert said.code == 1
    assert said.out == "", "no question that nobody can answer"
    assert "a profile needs --name, --measured, --traffic\n" in said.err
    assert "--yes" in said.err
    later = typed.init(answers=lines(*ANSWERS[:8]))
    assert later.code == 1
    assert "a profile needs --max-wait\n" in later.err
    assert "--predictable, --waiting, --ready-by, --quiet-wait" in later.err
    assert typed.files() == []


@pytest.mark.parametrize(
    ("flags", "reasons"),
    [
        (("--max-wait", "30x"), ("--max-wait: latency.max_wait: got '30x'",)),
        (("--max-wait", "30x", "--waiting", "usr"), ("--waiting: latency.waiting", "--max-wait: latency.max_wait")),
        (("--quiet", "4"), ("--quiet: a quiet hour goes with busy hours",)),
        (("--traffic", "50/day", "--busy-hours", "08-18"), ("--busy-hours: busy hours go with traffic by the hour",)),
        (("--arrived-by", "06:00"), ("--arrived-by: this goes with a time by which results must be ready",)),
        (("--artifact", "s3://a/b"), ("--artifact: an artifact goes with the container's image",)),
        (("--region", "us-esat-1"), ("region 'us-esat-1' is not in the price book",)),
        (("--image", "x" * 9, "--artifact", "gs://a/b"), ("use an S3 address such as s3://",)),
        (("--max-wiat", "3s"), ("--max-wait",)),
        (("a.json",), ("a profile is written as YAML; name it a.yaml",)),
        (("invoices",), ("a profile is written as YAML; name it invoices.yaml",)),
        (
            ("--busy-hours", "9-5"),
            ("--busy-hours:", "9-5", 'write "09-17" for the day, or "09-05" if the night is meant'),
        ),
        (("nowhere/a.yaml",), ("nowhere/a.yaml: there is no folder /",)),
        ((".",), ("is a directory",)),
    ],
)
@pytest.mark.parametrize("yes", [("--yes",), ()])
def test_a_wrong_flag_is_one_clear_error_and_nothing_is_written(
    typed: Typed, flags: tuple[str, ...], reasons: tuple[str, ...], yes: tuple[str, ...]
) -> None:
    said = typed.init(*flags, *yes, answers=lines(*ANSWERS))
    assert said.code == 1
    assert said.out == ""
    for reason in reasons:
        assert reason in said.err
    assert "Traceback" not in said.err
    assert typed.files() == []


def test_a_file_is_written_over_only_by_force(typed: Typed) -> None:
    Path("contact-form.yaml").write_text("mine")
    said = typed.init("--yes", *LEAST)
    assert said.code == 1
    assert "contact-form.yaml: exists already; take another name, or --force" in said.err
    assert Path("contact-form.yaml").read_text() == "mine"
    early = typed.init("contact-form.yaml", answers=lines(*ANSWERS))
    assert early.code == 1
    assert early.out == "", "said before the first question"
    assert typed.init("--yes", "--force", *LEAST).code == 0
    assert load_profile("contact-form.yaml").name == "contact-form"


def test_a_name_that_is_taken_is_refused(typed: Typed) -> None:
    Path("documents.yaml").write_text("mine")
    said = typed.init(answers=lines(*ANSWERS))
    assert said.code == 1
    assert "which answers --name: documents.yaml: exists already" in said.err
    assert Path("documents.yaml").read_text() == "mine"


@pytest.mark.parametrize("failing", ["parse_profile", "write_whole"])
def test_nothing_is_half_written(typed: Typed, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    def stop(*_: object, **__: object) -> Profile:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, failing, stop)
    said = typed.init("--yes", *LEAST)
    assert said.code == 1
    assert "stopped" in said.err
    assert typed.files() == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(typed: Typed) -> None:
    Path("closed").mkdir(mode=0o500)
    said = typed.init("closed/a.yaml", "--yes")
    assert said.code == 1
    assert "closed/a.yaml: cannot be written" in said.err


def test_what_nothing_meets_is_written_said_and_exits_2(typed: Typed) -> None:
    said = typed.init("--yes", *LEAST, "--max-wait", "1ms")
    assert said.code == 2
    assert said.out.startswith("nothing fits; closest is realtime, relax latency.max_wait (1 ms)")
    assert load_profile("contact-form.yaml").latency.max_wait == 0.001


def test_a_terminal_asks_shows_refuses_and_asks_again(tmp_path: Path) -> None:
    (tmp_path / "taken.yaml").write_text("mine")
    said = in_terminal(tmp_path, answers=["taken", *ANSWERS[:11], "30x", *ANSWERS[11:]])
    assert said.code == 0, said
    assert "taken.yaml: exists already" in said.out
    assert "'x' is no unit of time; use ms, s, m, h or d" in " ".join(said.out.split())
    assert said.out.count("When is the answer really needed?") == 1
    assert said.out.count("[30m] > ") == 2
    profile = load_profile(tmp_path / "documents.yaml")
    assert profile.latency.max_wait == 1800
    assert consequence(plan(profile)) in said.out


def test_ctrl_c_stops_and_writes_nothing(tmp_path: Path) -> None:
    said = in_terminal(tmp_path, answers=[*ANSWERS[:5], CTRL_C])
    assert said.code == 1
    assert said.err.strip() == "error: stopped"
    assert list(tmp_path.iterdir()) == []


def test_help_teaches_every_question_with_examples(typed: Typed) -> None:
    from headway.interview.questions import QUESTIONS

    said = typed.init("--help")
    assert said.code == 0
    for question in QUESTIONS:
        assert f"  {question.flag} ANSWER" in said.out
    assert "headway init --yes --name my-model --max-wait 5s" in said.out
    assert "standard input, a line" in " ".join(said.out.split())


def test_the_examples_in_the_help_work(typed: Typed) -> None:
    import shlex

    from headway.interview.command import HELP

    text = HELP.replace("\\\n", " ")
    examples = [shlex.split(line) for line in text.splitlines() if line.startswith("  headway init --yes --name")]
    assert len(examples) == 4
    for _, _, *arguments in examples:
        assert typed.init(*arguments).code == 0
    assert typed.files() == [
        "delivery-estimate.yaml",
        "loan-documents.yaml",
        "my-model.yaml",
        "nightly-report.yaml",
    ]


def test_other_commands_do_not_load_the_interview() -> None:
    code = (
        "import sys, headway.cli; headway.cli.run(['plan', 'stacks/profiles/contact-form.yaml', '--format', 'json']);"
        "assert not [name for name in sys.modules if name.startswith('headway.interview')]"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
