"""The page as a file: nothing of a user's words is markup, nothing is asked of a network, every name is there once."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway import load_profile
from headway.advice import join
from headway.diff import StackSide
from headway.planning.search import plan
from headway.report.page.content import content
from headway.report.page.drawing import Drawing
from headway.report.page.engine import Engine, Picture, engine
from headway.report.page.making import besides, profile_page, stack_page
from headway.report.page.writing import page_html

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def drawing() -> Iterator[Engine]:
    with engine() as made:
        yield made


class Blank:
    """Draws nothing."""

    def draw(self, drawings: list[Drawing]) -> list[Picture]:
        return [Picture("", "") for _ in drawings]


def test_a_users_words_are_text_wherever_they_stand():
    profile = load_profile("stacks/profiles/contact-form.yaml")
    made = plan(profile)
    named = made.model_copy(
        update={"profile": made.profile.model_copy(update={"name": HOSTILE}), "warnings": (HOSTILE,)}
    )
    html = page_html(content(profile, named, join(profile, made)), Blank())  # type: ignore[arg-type]
    assert HOSTILE not in html
    assert html.count("&lt;/script&gt;&lt;script&gt;alert(1)") >= 3
    assert html.count("<script") == 1


def test_a_picture_holds_words_as_text_and_no_name_that_another_may_have(drawing: Engine):
    spec = {
        "data": {"values": [{"a": HOSTILE}]}, "mark": "text", "encoding": {"text": {"field": "a", "type": "nominal"}},
    }  # fmt: skip
    ((wide, narrow),) = drawing.draw([Drawing(f'"{HOSTILE}"', spec, spec)])
    assert wide == narrow
    assert "<script" not in wide
    assert "<img" not in wide
    assert "&lt;/script&gt;" in wide
    assert " id=" not in wide


def test_the_page_is_one_file_that_asks_nobody(tmp_path: Path):
    made = profile_page(Path("stacks/profiles/contact-form.yaml"))
    assert made.name == "contact-form"
    html = made.html
    assert len(html.encode()) < 1_000_000
    assert set(re.findall(r'https?://[^"\' <]+', html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not re.search(r"<(?:link|script|img)[^>]+(?:src|href)=\"(?!data:)", html)
    names = Counter(re.findall(r'\bid="([^"]+)"', html))
    assert names
    assert max(names.values()) == 1
    for target in re.findall(r'href="#([^"]+)"', html):
        assert target in names
    assert html.count("<figure") == 2 * html.count('<figure class="wide">')
    assert html.count('role="img"') == html.count("<figure")


def test_the_page_of_a_stack_is_what_it_runs():
    made = stack_page("dev")
    assert made.name == "loan-documents-dev"
    assert "What stack dev runs: its locked plan." in made.html
    assert "0.02 of its traffic" in made.html


def test_the_page_of_a_stack_says_what_runs_beside_it_and_what_it_keeps():
    batch, microbatch = (plan(load_profile("stacks/profiles/loan-documents.yaml"), only=one)
                         for one in ("batch", "microbatch"))  # fmt: skip
    assert besides(StackSide("prod", batch)) == []
    assert besides(StackSide("prod", microbatch, alongside=batch)) == [
        "batch runs beside it and is not on this page; USD 1,140 a month with it."
    ]
    assert besides(StackSide("prod", microbatch, former=(batch.design,))) == [
        "Kept: queue and bucket of batch, until `headway lock --forget batch`."
    ]
