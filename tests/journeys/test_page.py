"""The page as its reader meets it: the command writes it, a real browser opens it, at a desk, on a phone, in the dark.

Screenshots land in .headway/pages, for a person to look at. Needs chromium on the machine (`make browser`).
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.typed import headway, project

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SHOTS = Path(".headway/pages").resolve()
PROFILES = ("loan-documents", "moderation")
SIZES = {
    "desktop": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 812}, "color_scheme": "light", "is_mobile": True, "has_touch": True},
}
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: `make browser` installs it")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name in PROFILES:
        said = headway("report", f"stacks/profiles/{name}.yaml", "--out", str(folder / f"{name}.html"))
        assert (said.code, said.err) == (0, "")
    return {name: folder / f"{name}.html" for name in PROFILES}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


class Opened:
    """A page in a browser, with all that it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_context(**options).new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())


@needs_browser
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PROFILES)
def test_it_opens_without_a_request_or_a_complaint_at_every_size(
    name: str, size: str, browser: Any, pages: dict[str, Path]
) -> None:
    opened = Opened(browser, pages[name], **SIZES[size])
    SHOTS.mkdir(parents=True, exist_ok=True)
    opened.page.screenshot(path=SHOTS / f"{name}-{size}.png", full_page=True)
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [pages[name].as_uri()]
    wide, window = opened.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window
    shown = opened.page.locator("figure:visible")
    assert shown.count() == opened.page.locator("figure").count() / 2
    for picture in shown.all():
        assert picture.bounding_box()["height"] > 40


@needs_browser
def test_the_slider_moves_the_numbers_and_the_mark(browser: Any, pages: dict[str, Path]) -> None:
    page = Opened(browser, pages["loan-documents"], **SIZES["desktop"]).page
    slider = page.locator("#wait")
    assert page.locator("#wait-value").inner_text() == "30 min"
    assert page.locator("#wait-usd").inner_text() == "USD 146 a month"
    ring = page.locator("figure.wide .here_ring_marks .here")
    before = ring.bounding_box()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#wait-value").inner_text() == "60 min"
    assert page.locator("#wait-usd").inner_text() == "USD 82.03 a month"
    assert slider.get_attribute("aria-valuetext") == "60 min: batch, USD 82.03 a month"
    assert ring.bounding_box()["x"] > before["x"]
    page.keyboard.press("Home")
    assert page.locator("#wait-is").inner_text() == "nothing makes it"
    assert page.locator("#wait-usd").inner_text() == ""
    assert ring.count() == 0
    page.keyboard.press("End")
    assert page.locator("#wait-value").inner_text() == "24 h"
    assert "less than the plan" in page.locator("#wait-why").inner_text()


@needs_browser
def test_the_mark_stands_on_the_wait_that_the_slider_names(browser: Any, pages: dict[str, Path]) -> None:
    page = Opened(browser, pages["loan-documents"], **SIZES["desktop"]).page
    ring = page.locator("figure.wide .here_ring_marks .here")
    page.locator("#wait").focus()
    page.keyboard.press("Home")
    table = page.locator("#waiting tbody tr").all()
    places: list[float] = []
    for row in table:
        wait, architecture = row.locator("td").all_text_contents()[:2]
        assert page.locator("#wait-value").inner_text() == wait
        assert page.locator("#wait-is").inner_text().rstrip(":") == architecture
        places += [box["x"] for box in [ring.bounding_box()] if box] if ring.count() else []
        page.keyboard.press("ArrowRight")
    assert len(places) == 15
    assert places == sorted(places)


@needs_browser
def test_a_screen_reader_finds_titles_a_label_for_every_picture_and_a_name_for_every_table(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = Opened(browser, pages["moderation"], **SIZES["desktop"]).page
    assert page.get_by_role("img").count() == page.locator("figure:visible").count()
    assert all(len(one.get_attribute("aria-label")) > 20 for one in page.get_by_role("img").all())
    question = "moderation: how long can the people waiting really wait? 4 s to 60 min"
    assert page.get_by_role("heading", level=1, name=question).count() == 1
    assert page.get_by_role("slider", name="People can wait", exact=True).count() == 1
    for title in ("What waiting costs", "Candidates", "Assumptions"):
        assert page.get_by_role("heading", level=2, name=title, exact=True).count() == 1
    assert page.evaluate("[...document.querySelectorAll('table')].every((one) => one.caption.textContent)")


@needs_browser
def test_paper_shows_what_is_folded_away(browser: Any, pages: dict[str, Path]) -> None:
    page = Opened(browser, pages["loan-documents"], **SIZES["dark"]).page
    assert page.locator("#assumptions td:visible").count() == 0
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#assumptions td:visible").count() > 30
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#wait").is_visible()


@needs_browser
def test_without_scripts_it_is_a_page_still(browser: Any, pages: dict[str, Path]) -> None:
    page = Opened(browser, pages["loan-documents"], java_script_enabled=False).page
    assert not page.locator("#wait").is_visible()
    assert page.locator("figure:visible").count() == 5
    assert page.locator(".verdict").inner_text().startswith("batch: USD 106 a month")


def test_a_name_and_a_folder_are_chosen_where_none_is_given(tmp_path: Path) -> None:
    root = project(tmp_path)
    said = headway("report", "stacks/profiles/contact-form.yaml", cwd=root)
    assert said.code == 0
    assert re.fullmatch(r"wrote contact-form\.html \(\d+ KB\): open it in a browser\n", said.out)
    assert (root / "contact-form.html").read_text().startswith("<!doctype html>")


@pytest.mark.skipif(sys.platform != "linux", reason="xdg-open is Linux's")
@pytest.mark.parametrize("program", ["exit 0", "echo 'w3m: not found' >&2; exit 3", None])
def test_where_no_browser_opens_one_line_says_where_the_page_is(tmp_path: Path, program: str | None) -> None:
    root, programs = project(tmp_path), tmp_path / "programs"
    programs.mkdir()
    if program is not None:
        (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\necho noise\n{program}\n')
        (programs / "xdg-open").chmod(0o755)
    said = headway("report", "stacks/profiles/contact-form.yaml", "--open", cwd=root, PATH=str(programs))
    assert said.code == 0, "the page is written"
    assert re.fullmatch(r"wrote contact-form\.html \(\d+ KB\)\n", said.out)
    page = root / "contact-form.html"
    assert said.err == ("" if program == "exit 0" else f"no browser could be opened here; the page is {page}\n")
    assert program is None or (tmp_path / "opened").read_text() == f"{page}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a profile, or a stack with --stack: one of the two"),
        (["a.yaml", "--stack", "dev"], "name a profile, or a stack with --stack: one of the two"),
        (["--stack", "pro"], "no stack 'pro'; did you mean prod?"),
        (["--stack", "prod", "--prices", "p.json"], "--prices goes with a profile"),
        (["stacks/profiles/contact-form.yaml", "--out", "nowhere/page.html"], "there is no folder"),
        (["nothing.yaml"], "nothing.yaml"),
    ],
)
def test_what_cannot_be_written_says_why_and_writes_nothing(arguments: list[str], said: str, tmp_path: Path) -> None:
    root = project(tmp_path)
    ran = headway("report", *arguments, cwd=root)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert said in ran.err
    assert not list(root.rglob("*.html"))
