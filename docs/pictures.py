"""The README's pictures, made of what the commands show: run with `make pictures`."""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

from headway import load_profile, plan
from headway.report.joined import print_waterfall
from headway.report.page.making import profile_page
from headway.report.terminal import print_plan

HERE = Path(__file__).parent
LOANS = Path("stacks/profiles/loan-documents.yaml")
WIDTH = 100
DESK = {"width": 1100, "height": 1110}


def terminal() -> None:
    """`headway plan` as a terminal shows it; its font is the reader's own, not one from a network."""
    from headway.advice import waterfall

    out = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    profile = load_profile(str(LOANS))
    made = plan(profile)
    print_plan(out, made)
    print_waterfall(out, waterfall(profile, made))
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")
    svg = out.export_svg(title=f"headway plan {LOANS}", theme=MONOKAI, code_format=form, unique_id="plan")
    (HERE / "plan.svg").write_text(svg, encoding="utf-8")


def page() -> None:
    """The top of the page in a browser."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no chromium on this machine: `make browser` installs it")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "page.html")
        file.write_text(profile_page(LOANS).html, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_page(viewport=DESK)
        shown.goto(file.as_uri())
        shown.screenshot(path=HERE / "page.png")
        browser.close()


if __name__ == "__main__":
    terminal()
    page()
