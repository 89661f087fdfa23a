"""The page as one file: what it says and draws, with its style and its few lines of script; it asks nobody."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from headway import __version__
from headway.report.page.engine import Engine
from headway.report.page.layout import Content


def page_html(page: Content, engine: Engine) -> str:
    """The whole page. Everything that it shows is escaped; style, script and pictures are our own."""
    here = files(__package__)
    drawn = engine.draw([section.drawing for section in page.sections if section.drawing is not None])
    names = [section.id for section in page.sections if section.drawing is not None]
    templates = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    return templates.from_string((here / "page.html.jinja").read_text(encoding="utf-8")).render(
        page=page,
        pictures=dict(zip(names, drawn, strict=True)),
        version=__version__,
        css=(here / "page.css").read_text(encoding="utf-8"),
        js=(here / "page.js").read_text(encoding="utf-8"),
    )
