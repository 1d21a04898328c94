"""Pages for people, from templates: whatever is put into them is escaped."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from confsync.web import pages
from confsync.web.endpoint import Answer, Call

STYLE = "style.css"


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("confsync.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def page(template: str, *, status: int = 200, cookies: tuple[str, ...] = (), **values: object) -> Answer:
    """The template with these values. `style`, the path of the stylesheet, is among what it needs."""
    return pages.html(_templates().get_template(template).render(values), status=status, cookies=cookies)


def stylesheet(call: Call) -> Answer:  # noqa: ARG001 - a handler
    """The one stylesheet of all pages."""
    text = (files("confsync.web") / "templates" / STYLE).read_text(encoding="utf-8")
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=3600"}
    return text, 200, {**headers, "X-Content-Type-Options": "nosniff"}
