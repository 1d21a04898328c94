"""Pages for people, from templates, in their language: whatever is put into them is escaped.

Texts are English in the code and the templates; `locales/<language>.po` has them in another one. To add a language, add
its file, named as browsers name it (`pt-BR.po`); tests/unit/test_languages.py tells what it lacks.
https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, PackageLoader, StrictUndefined

from confsync.web import pages
from confsync.web.endpoint import Answer, Call

STYLE = "style.css"
ENGLISH = "en"
_PACKAGE = files("confsync.web")


_ASKED = re.compile(r"([a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?", re.ASCII)
"""One language of the header, in small letters, and its weight."""


@dataclass(frozen=True, kw_only=True)
class Texts:
    """One language."""

    language: str
    translations: NullTranslations

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, with these values; they are not escaped yet."""
        text = self.translations.gettext(message)
        return text % values if values else text

    def day(self, at: datetime) -> str:
        """A date as people write it."""
        return str(format_date(at, "long", locale=_locale(self.language)))

    def moment(self, at: datetime, time_zone: str) -> str:
        """A date and a time in that zone, and the zone's name."""
        zone, locale = ZoneInfo(time_zone), _locale(self.language)
        local = at.astimezone(zone)
        # not format_datetime: it has seconds, and mostly a number for the zone
        time = format_time(local, "short", tzinfo=zone, locale=locale)
        return f"{self.day(local)}, {time} ({get_timezone_name(local, 'long', locale=locale)})"


@cache
def languages() -> tuple[str, ...]:
    """Those that there are, English first."""
    folder = _PACKAGE / "locales"
    found = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    return (ENGLISH, *sorted(name.removesuffix(".po") for name in found if name.endswith(".po")))


def language(call: Call) -> str:
    """The best one for this browser: https://www.rfc-editor.org/rfc/rfc9110#field.accept-language"""
    known = {each.lower(): each for each in languages()}
    parts = call.headers.get("Accept-Language", "")[:500].lower().split(",")
    asked = [(float(found[2] or 1), found[1]) for part in parts if (found := _ASKED.fullmatch(part.strip()))]
    for weight, name in sorted(asked, key=lambda each: -each[0]):
        # "de-at" is content with "de": https://www.rfc-editor.org/rfc/rfc4647#section-3.4
        while name and weight:
            if name in known:
                return known[name]
            name = name.rpartition("-")[0]
    return ENGLISH


@cache
def texts(language: str) -> Texts:
    """That language; what its file lacks is English."""
    if language == ENGLISH:
        return Texts(language=ENGLISH, translations=NullTranslations())
    with (_PACKAGE / "locales" / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=_locale(language))
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Texts(language=language, translations=GNUTranslations(compiled))


def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")


@cache
def _templates(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("confsync.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    told = texts(language)
    environment.policies["ext.i18n.trimmed"] = True  # how a template is broken into lines is no part of its messages
    environment.install_gettext_translations(told.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["language"] = language
    environment.filters["day"] = told.day
    return environment


def page(
    template: str, *, language: str = ENGLISH, status: int = 200, cookies: tuple[str, ...] = (), **values: object
) -> Answer:
    """The template with these values. `style`, the path of the stylesheet, is among what it needs."""
    text = _templates(language).get_template(template).render(values)
    body, code, headers = pages.html(text, status=status, cookies=cookies)
    return body, code, {**headers, "Content-Language": language, "Vary": "Accept-Language, Cookie"}


def stylesheet(call: Call) -> Answer:  # noqa: ARG001 - a handler
    """The one stylesheet of all pages."""
    text = (_PACKAGE / "templates" / STYLE).read_text(encoding="utf-8")
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=3600"}
    return text, 200, {**headers, "X-Content-Type-Options": "nosniff"}
