"""Text of a stranger's branch stays text: a renderer other than ours is the judge."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from headway.report.markdown import code, folded, html, table, text

RENDER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = st.text(alphabet=st.sampled_from(list("ab1 \\`*_[]()<>#+-.!|~&;:/@$^=\"'{}\n\t\u202e\u200b")), max_size=30)


def tags(markdown: str) -> set[str]:
    return set(re.findall(r"</?([a-z0-9]+)", RENDER.render(markdown)))


@given(SIGNS)
def test_no_text_becomes_markup(value: str) -> None:
    assert tags(f"x {text(value)}") == {"p"}
    assert tags(f"- {text(value)}") <= {"ul", "li"}


@given(SIGNS)
def test_no_cell_breaks_out_of_its_table(value: str) -> None:
    lines = table(("a", "b"), [(text(value), code(value))])
    rendered = RENDER.render("\n".join(lines))
    assert set(re.findall(r"</?([a-z0-9]+)", rendered)) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert rendered.count("<tr>") == 2
    assert rendered.count("<td") == 2


@given(SIGNS)
def test_a_summary_stays_inside_of_its_tags(value: str) -> None:
    rendered = RENDER.render("\n".join(folded(value, ["inside"])))
    assert set(re.findall(r"</?([a-z0-9]+)", rendered)) == {"details", "summary", "p"}


@pytest.mark.parametrize(
    "value",
    [
        "@maintainer", "org/repo#12", "#7", "GH-12", "https://evil.example", "www.evil.example", "user@example.com",
        "deadbeefcafe1234", "a @b c",
    ],
)  # fmt: skip
def test_what_github_would_link_is_broken(value: str) -> None:
    for shown in (text(value), html(value)):
        assert value not in shown
        assert shown.replace("\u200b", "").removeprefix("\\") == value


def test_signs_that_cannot_be_seen_are_left_out() -> None:
    assert text("a\u202eb\x07c\r\nd") == "abc d"


def test_a_long_value_is_cut_with_a_sign() -> None:
    assert len(text("x" * 1000)) == 300
    assert text("x" * 1000).endswith("…")


def test_a_span_of_code_survives_its_own_marks() -> None:
    assert RENDER.render(code("a``b`")) == "<p><code>a``b`</code></p>\n"
