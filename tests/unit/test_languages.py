"""The languages of our pages: each has all that is said, and says it without markup of its own."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from confsync.web import rendering
from confsync.web.rendering import language, languages, page, texts
from tests.unit.http import call

WEB = Path(rendering.__file__).parent
REFERENCE = WEB / "templates" / "reference.html"  # English, as the contract is
TEMPLATES = sorted({*(WEB / "templates").glob("*.html")} - {REFERENCE})
MODULES = sorted(path for path in WEB.glob("*.py") if "import Texts\n" in path.read_text(encoding="utf-8"))
LANGUAGES = languages()[1:]
KEYWORDS: dict[str, Any] = {"told": None, "_": None, "gettext": None, "ngettext": (1, 2)}
AS_RENDERED = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
HOSTED = ("It hosts %(count)s meeting of your events:", "It hosts %(count)s meetings of your events:")

Id = str | tuple[str, ...]

each_language = pytest.mark.parametrize("name", LANGUAGES)


def extracted(path: Path) -> list[Id]:
    """The messages of a module or a template."""
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    options = {} if path.suffix == ".py" else {**AS_RENDERED, "silent": "false"}
    return [found[1] for found in extract_from_file(method, path, KEYWORDS, options=options)]


@cache
def messages() -> frozenset[Id]:
    """Whatever is said."""
    return frozenset(chain.from_iterable(extracted(path) for path in (*MODULES, *TEMPLATES)))


@cache
def catalog(name: str) -> Catalog:
    """The file of a language, with nothing but what is in it."""
    with (WEB / "locales" / f"{name}.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def strings(name: str) -> dict[Id, tuple[str, ...]]:
    """What is said instead: one string, or one for each plural form."""
    return {
        tuple(each.id) if each.pluralizable else each.id: tuple(each.string) if each.pluralizable else (each.string,)
        for each in catalog(name)
        if each.id
    }


def forms(message: Id) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else message


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


# --- what can be translated ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_message_of_a_module_is_a_literal(path: Path) -> None:
    """Any other would be looked up, and never be in a file."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    said = [each.args[0] for each in calls if isinstance(each.func, ast.Name) and each.func.id == "told"]
    assert [ast.unparse(each) for each in said if not isinstance(each, ast.Constant)] == []
    assert {each.value for each in said if isinstance(each, ast.Constant)} == set(extracted(path))
    literal = [each for each in calls if each.args and isinstance(each.args[0], ast.Constant)]
    unnamed = [each for each in literal if isinstance(each.func, ast.Call)]
    assert [ast.unparse(each) for each in unnamed] == [], "whatever says it has to be called `told`"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_word_of_a_template_can_be_translated(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("{% block kind %}wide{% endblock %}", "")  # a class
    for markup in (r"{%-?\s*trans\b.*?endtrans\s*-?%}", r"{%.*?%}", r"{{.*?}}", r"{#.*?#}", r"<[^>]*>"):
        text = re.sub(markup, "", text, flags=re.DOTALL)
    assert text.split() == []


@pytest.mark.parametrize("message", sorted(chain.from_iterable(map(forms, messages()))))
def test_english_has_only_named_values(message: str) -> None:
    assert "%" not in re.sub(r"%\(\w+\)s", "", message)


# --- the files -------------------------------------------------------------------------------------------------------


def test_which_there_are() -> None:
    assert languages() == ("en", "de", "es", "fr")


@each_language
def test_nothing_is_missing_and_nothing_obsolete(name: str) -> None:
    told = strings(name)
    assert messages() - told.keys() == set(), "missing"
    assert told.keys() - messages() == set(), "not said any more"
    assert [message for message, said in told.items() if not all(said)] == [], "empty"
    assert list(catalog(name).obsolete) == []
    assert [each.id for each in catalog(name) if each.id and each.fuzzy] == []


@each_language
def test_its_placeholders_are_those_of_english(name: str) -> None:
    for message, said in strings(name).items():
        for text in said:
            assert placeholders(text) == placeholders(forms(message)[0]), text
            assert "%" not in re.sub(r"%\(\w+\)s", "", text), text


@each_language
def test_it_has_no_markup_and_no_stray_spaces(name: str) -> None:
    """A template shows what `_` gives as it is."""
    for text in chain.from_iterable(strings(name).values()):
        assert not set(text) & set("<>&\n"), text
        assert text == text.strip()


@each_language
def test_its_header(name: str) -> None:
    found = catalog(name)
    assert (found.locale, found.charset) == (Locale.parse(name, sep="-"), "utf-8")
    raw = (WEB / "locales" / f"{name}.po").read_text(encoding="utf-8")
    assert f"nplurals={found.num_plurals};" in raw, "babel guesses for a file that does not say"


@each_language
def test_its_plurals_are_those_of_the_language(name: str) -> None:
    found, told = catalog(name), strings(name)
    plurals = [message for message in messages() if isinstance(message, tuple)]
    assert plurals
    for message in plurals:
        assert len(told[message]) == found.num_plurals
        singular, plural = message
        rule, translations = Locale.parse(name, sep="-").plural_form, texts(name).translations
        used = {(rule(n), translations.ngettext(singular, plural, n)) for n in range(200)}
        assert len(used) == len({form for form, _ in used}) == found.num_plurals


def test_zero_is_one_in_french_only() -> None:
    for name in LANGUAGES:
        zero = texts(name).translations.ngettext(*HOSTED, 0)
        assert zero == strings(name)[HOSTED][0 if name == "fr" else 1]


# --- which one is chosen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9", "de"),
        ("DE-at", "de"),
        ("de-Latn-CH-1996", "de"),
        ("es-419, es;q=0.9, en;q=0.8", "es"),
        ("fr ; q=0.5 , es;q=0.8", "es"),
        ("fr;Q=0.5, en;q=0.4", "fr"),
        ("en-GB,de;q=0.9", "en"),
        ("it,ja;q=0.9,fr;q=0.1", "fr"),
        ("de,fr", "de"),
        ("it", "en"),
        ("*", "en"),
        ("", "en"),
        ("de;q=0", "en"),
        ("de;q=0.000, fr;q=0.001", "fr"),
        ("de;q=nan, de;q=inf, de;q=2, de;q=-1, de;q=1e0, de;q=, fr;q=0.1", "fr"),
        (",,;;q=1, ;q, de;;q=1, es", "es"),
        ("de_AT", "en"),
        ("deu", "en"),
        ("../locales/de", "en"),
        ("d" * 10_000 + ",de", "en"),
    ],
)
def test_what_a_browser_asks_for(asked: str, chosen: str) -> None:
    assert language(call(headers={"Accept-Language": asked})) == chosen


def test_a_browser_that_asks_for_nothing() -> None:
    assert language(call()) == "en"


@given(st.text(alphabet="defrs*-_;q=01.9, ٣\x00", max_size=60))
def test_whatever_is_asked_for_is_one_that_there_is(asked: str) -> None:
    headers = SimpleNamespace(get=lambda name, default: asked)
    assert language(SimpleNamespace(headers=headers)) in languages()  # type: ignore[arg-type]


# --- pages -----------------------------------------------------------------------------------------------------------

EVIL = "<script src='x'>\"&amp;%(name)s %s{{ 7 * 7 }}"


class Read(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def pages_with(value: str, told: Callable[..., str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every template, with that value wherever there is one."""
    always = {"style": "/style.css", "again_in": None, "title": told("Join with %(solution)s", solution=value)}
    row = dict.fromkeys(("vendor", "name", "status", "account", "problem", "since", "used", "start", "leave"), value)
    rows = [{**row, "state": state} for state in ("none", "active", "leaving", "ended")]
    yield "accounts.html", {**always, "rows": rows, "email": value, "token": value, "out": value}
    yield "accounts.html", {**always, "rows": [], "email": value, "token": value, "out": value}
    leave = dict.fromkeys(("text", "act", "action", "back", "decline", "shown", "token"), value)
    choices = [{"value": value, "label": value, "more": value}]
    some = [{"title": value, "when": value}]
    yield "leave.html", {**always, **leave, "conferences": some, "total": 1, "more": 0, "choices": choices}
    yield "leave.html", {**always, **leave, "conferences": some, "total": 12, "more": value, "choices": choices}
    yield "leave.html", {**always, **leave, "conferences": [], "total": 0, "more": 0, "choices": choices}
    yield "leave.html", {**always, **leave, "decline": None, "conferences": [], "total": 0, "more": 0, "choices": []}
    yield "message.html", {**always, "lines": [value], "ways": [{"url": value, "text": value, "token": value}]}
    yield "message.html", {**always, "lines": [value], "ways": [{"url": value, "text": value, "token": None}]}
    form = dict.fromkeys(("name", "problem", "sign_in"), value)
    yield "name.html", {**always, **form, "email": value, "leads": True}
    yield "name.html", {**always, **form, "email": value, "leads": False}
    yield "name.html", {**always, **form, "email": None, "leads": False}


def test_every_template_is_among_them() -> None:
    assert {name for name, _ in pages_with("", texts("en"))} == {path.name for path in TEMPLATES} - {"base.html"}


@pytest.mark.parametrize("name", languages())
def test_a_page_says_its_language_and_whatever_is_put_in_stays_text(name: str) -> None:
    plain = pages_with("x", texts("en"))
    for (template, values), (_, harmless) in zip(pages_with(EVIL, texts(name)), plain, strict=True):
        body, status, headers = page(template, language=name, **values)
        assert (status, headers["Content-Language"]) == (200, name)
        assert body.startswith(f'<!doctype html>\n<html lang="{name}">\n')
        assert "Accept-Language" in str(headers["Vary"])
        read = Read(body)
        assert read.tags == Read(page(template, **harmless)[0]).tags
        assert EVIL in read.text
        assert EVIL not in body


@each_language
def test_a_page_is_in_its_language_throughout(name: str) -> None:
    for template, values in pages_with("", texts(name)):
        read = Read(page(template, language=name, **values)[0])
        lines = {line.strip() for line in read.text.splitlines()}
        english = {text for message in messages() for text in forms(message)}
        assert not lines & english, lines & english


@each_language
def test_a_page_counts(name: str) -> None:
    told = strings(name)[HOSTED]
    one, many = [values for _, values in pages_with("x", texts(name)) if values.get("total")]
    assert told[0] % {"count": 1} in Read(page("leave.html", language=name, **one)[0]).text
    assert told[1] % {"count": 12} in Read(page("leave.html", language=name, **many)[0]).text


# --- dates -----------------------------------------------------------------------------------------------------------

AT = datetime(2026, 5, 3, 22, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "day", "moment"),
    [
        ("en", "May 3, 2026", "May 4, 2026, 12:50\u202fAM (Central European Summer Time)"),
        ("de", "3. Mai 2026", "4. Mai 2026, 00:50 (Mitteleuropäische Sommerzeit)"),
        ("es", "3 de mayo de 2026", "4 de mayo de 2026, 0:50 (hora de verano de Europa central)"),
        ("fr", "3 mai 2026", "4 mai 2026, 00:50 (heure d’été d’Europe centrale)"),
    ],
)
def test_dates(name: str, day: str, moment: str) -> None:
    told = texts(name)
    assert (told.day(AT), told.moment(AT, "Europe/Berlin")) == (day, moment)
    assert told.moment(AT, "UTC").startswith(day)


# --- one more language -----------------------------------------------------------------------------------------------

POLISH = r"""
msgid ""
msgstr ""
"Language: pl_PL\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\n"

msgid "It hosts %(count)s meeting of your events:"
msgid_plural "It hosts %(count)s meetings of your events:"
msgstr[0] "%(count)s spotkanie"
msgstr[1] "%(count)s spotkania"
msgstr[2] "%(count)s spotkań"

msgid "Join"
msgstr "Dołącz"

msgid "Your name"
msgstr ""

#, fuzzy
msgid "Is it your event?"
msgstr "?"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Path]:
    """Where the files are instead."""

    def forget() -> None:
        for each in (rendering.languages, rendering.texts, rendering._templates):
            each.cache_clear()

    monkeypatch.setattr(rendering, "_PACKAGE", tmp_path)
    forget()
    yield tmp_path / "locales"
    forget()


def test_a_language_is_one_file_and_what_it_lacks_is_english(folder: Path) -> None:
    folder.mkdir()
    (folder / "pl-PL.po").write_text(POLISH, encoding="utf-8")
    assert languages() == ("en", "pl-PL")
    assert language(call(headers={"Accept-Language": "pl-pl,pl;q=0.9"})) == "pl-PL"
    told = texts("pl-PL")
    assert [told(each) for each in ("Join", "Your name", "Is it your event?", "One moment")] == [
        "Dołącz",
        "Your name",
        "Is it your event?",
        "One moment",
    ]
    assert told.day(AT) == "3 maja 2026"
    leave = next(values for template, values in pages_with("x", told) if template == "leave.html")
    for count, text in {1: "1 spotkanie", 3: "3 spotkania", 5: "5 spotkań", 22: "22 spotkania"}.items():
        body = page("leave.html", language="pl-PL", **{**leave, "total": count})[0]
        assert f">{text}</p>" in body
        assert '<html lang="pl-PL">' in body
        assert "What is to become of them?" in body


def test_without_files_everything_is_english(folder: Path) -> None:
    assert languages() == ("en",)
    folder.mkdir()
    rendering.languages.cache_clear()
    assert languages() == ("en",)
    assert language(call(headers={"Accept-Language": "de"})) == "en"
