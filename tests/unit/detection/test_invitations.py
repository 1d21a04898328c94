"""Whole invitations, as vendors send them and as clients save them: the same meeting each time."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest

from confsync.domain.conferencing import Conferencing
from confsync.domain.detection import detect, detect_text

FILES = sorted(Path(__file__).with_name("invitations").glob("*.txt"))
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in FILES}
URL = re.compile(r"https?://[^\s<>()]+")


def safe_link(url: str) -> str:
    return f"https://nam12.safelinks.protection.outlook.com/?url={quote(url, safe='')}&data=05%7C02&reserved=0"


def html(text: str, link: Callable[[str], str] = str) -> str:
    """As Calendar's editor saves it."""
    lines = escape(text, quote=False).splitlines()
    return "<br>".join(URL.sub(lambda found: f'<a href="{link(found[0])}">{found[0]}</a>', line) for line in lines)


CLIENTS: dict[str, Callable[[str], str]] = {
    "HTML": html,
    "HTML with safe links": lambda text: html(text, lambda url: escape(safe_link(url.replace("&amp;", "&")))),
    "safe links": lambda text: URL.sub(lambda found: safe_link(found[0]), text),
    "Windows' line ends": lambda text: text.replace("\n", "\r\n"),
    "hard spaces": lambda text: text.replace(" ", "\u00a0"),
    "quoted": lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
    "escaped": lambda text: text.replace(",", "\\,").replace("\n", "\\n"),
    "entities": lambda text: escape(text).encode("ascii", "xmlcharrefreplace").decode(),
}


def codes(found: Conferencing | None) -> tuple[object, ...] | None:
    if found is None:
        return None
    details = found.details
    return (found.provider, details.meeting_code, details.password, details.pin, details.phone, details.sip)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", TEXTS)
def test_whatever_a_client_made_of_it_it_tells_the_same(name: str, client: str) -> None:
    saved = CLIENTS[client](TEXTS[name])
    assert codes(detect_text(saved).conferencing) == codes(detect_text(TEXTS[name]).conferencing)


@pytest.mark.parametrize("name", TEXTS)
def test_beside_its_link_in_the_location_the_description_tells_the_rest(name: str) -> None:
    alone = detect_text(TEXTS[name]).conferencing
    if alone is not None:
        event = detect({"location": alone.details.url, "description": TEXTS[name]}).conferencing
        assert codes(event) == codes(alone)
