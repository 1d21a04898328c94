"""Reading the conferencing of events: ordinary ones, those with invitations, hostile ones; against one pattern each."""

import re
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from confsync.domain.detection import detect, detect_text
from confsync.domain.detection.catalogue import SERVICES
from confsync.domain.detection.finding import find
from confsync.domain.detection.links import catalogue
from confsync.domain.detection.reading import read
from confsync.domain.detection.service import Form
from tests.benchmarks.measuring import Row, median_ratio

ALIKE = r"(?i)(?<![\w.@/=-])(?:https?://)?"
COMMON = "https?://"
INVITATIONS = Path(__file__).parents[1] / "unit" / "detection" / "invitations"
PROSE = (
    "Agenda: numbers of last quarter, hiring, any other business. Please read the document before, it is in the shared "
    "folder, and bring your questions. Coffee is in the kitchen on the 3rd floor (ask Jo for the key). "
)
MEET = {
    "hangoutLink": "https://meet.google.com/abc-defg-hij",
    "conferenceData": {
        "conferenceId": "abc-defg-hij",
        "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
        "entryPoints": [
            {"entryPointType": "video", "uri": "https://meet.google.com/abc-defg-hij", "label": "meet.google.com/abc"},
            {"entryPointType": "phone", "uri": "tel:+1-413-648-4559", "pin": "934959535", "regionCode": "US"},
            {"entryPointType": "more", "uri": "https://tel.meet/abc-defg-hij?pin=9349595351234"},
        ],
    },
}
HTML = f'{PROSE}<br><br>See <a href="https://docs.google.com/document/d/1aBcD/edit">the document</a>.<br>{PROSE}'


def ordinary() -> list[dict[str, Any]]:
    """A hundred events as a calendar of a company has them: half have a Meet, a few a link in their location."""
    kinds: list[tuple[int, dict[str, Any]]] = [
        (20, {"summary": "Lunch"}),
        (15, {"summary": "Review", "location": "Room 4.12, 3rd floor", "description": PROSE * 2}),
        (10, {"summary": "Planning", "description": HTML}),
        (20, {"summary": "Standup", **MEET}),
        (15, {"summary": "1:1", "description": PROSE, **MEET}),
        (15, {"summary": "Weekly", "location": "Room 4.12", "description": HTML, **MEET}),
        (5, {"summary": "Call", "location": "https://us02web.zoom.us/j/85746065432?pwd=QWJjZDEyMzQ.1"}),
    ]
    return [event for count, event in kinds for _ in range(count)]


def invited() -> list[dict[str, Any]]:
    """Events that each have an invitation as their description."""
    return [{"description": path.read_text(encoding="utf-8")} for path in sorted(INVITATIONS.glob("*.txt"))]


def rows() -> list[Row]:
    """Rates on one core, the ratio to trying every pattern, and what doubling a hostile text costs."""
    events, invitations = ordinary(), invited()
    texts = [event["description"] for event in events + invitations if "description" in event]
    rate = _rate(detect, events, 20_000)
    alike, common = (_against_every_pattern(texts, prefix) for prefix in (ALIKE, COMMON))
    worst, name = max((_growth(make), name) for name, make in HOSTILE.items())
    return [
        Row(what="detection, ordinary events", measured=f"{rate:,.0f}/s", bar=">= 20,000/s", holds=rate >= 20_000),
        Row(what="detection, events with an invitation's text", measured=f"{_rate(detect, invitations, 500):,.0f}/s"),
        Row(
            what="detection of links in texts, every service's pattern in turn / ours",
            measured=f"{alike:.0f}x",
            bar=">= 10x",
            holds=alike >= 10,
        ),
        Row(
            what="the same, patterns that know no upper case and no address without a scheme / ours",
            measured=f"{common:.1f}x",
        ),
        Row(
            what=f"detection, a hostile text of 64 KiB / of 32 KiB, worst of {len(HOSTILE)} kinds ({name})",
            measured=f"{worst:.2f}x",
            bar="<= 2.6x",
            holds=worst <= 2.6,
        ),
    ]


HOSTILE: dict[str, Callable[[int], str]] = {
    "slashes": lambda n: "/" * n,
    "dots": lambda n: "a." * (n // 2) + "/",
    "schemes": lambda n: "https://" * (n // 8),
    "glued links": lambda n: "https://zoom.us/j/1" * (n // 19),
    "queries": lambda n: "https://zoom.us/j/1?" + "a=https://zoom.us/j/1&" * (n // 22),
    "tags": lambda n: "<a " * (n // 3),
    "open references": lambda n: '<a href="' * (n // 9),
    "comments": lambda n: "<!--" * (n // 4),
    "entities": lambda n: "&amp;" * (n // 5) + "/",
    "numbers as entities": lambda n: "&#x2F;" * (n // 6),
    "folds": lambda n: ("a" * 74 + "\r\n ") * (n // 77),
    "underscores": lambda n: "_" * n + "https://zoom.us/j/123456789",
    "short rules": lambda n: ("_" * 39 + "a") * (n // 40),
    "nested wrappers": lambda n: "https://www.google.com/url?q=" * (n // 29),
    "nested SafeLinks": lambda n: "https://a.safelinks.protection.outlook.com/?url=" + "%25" * (n // 3),
    "taken out characters": lambda n: "https://urldefense.com/v3/__" + "**_" * (n // 3) + "__;YWJj!!$",
    "labels": lambda n: "https://" + "a." * (n // 2) + "zoom.us/j/123456789",
    "Skype's path": lambda n: "https://meet.example.com/" + "A" * n,
    "FaceTime's key": lambda n: "https://facetime.apple.com/join#" + "&p=" * (n // 3),
    "percent": lambda n: "https://zoom.us/" + "%2F" * (n // 3),
    "quoted-printable": lambda n: "=3D" * (n // 3) + "=\n",
    "digits": lambda n: "https://zoom.us/j/123456789 " + "1 " * (n // 2),
}


def _growth(make: Callable[[int], str]) -> float:
    """How much longer twice the text takes: the least of some times, which a busy machine only makes longer."""
    half, whole = make(32_000), make(64_000)
    return min(_seconds(detect_text, [whole]) for _ in range(5)) / max(
        1e-4, min(_seconds(detect_text, [half]) for _ in range(5))
    )


def _rate(call: Callable[[Any], object], values: Sequence[Any], count: int) -> float:
    chosen = list(islice(cycle(values), count))
    return max(count / _seconds(call, chosen) for _ in range(3))


def _against_every_pattern(texts: Sequence[str], prefix: str) -> float:
    """The same texts as people see them, and only which links are in them: nobody's wrapper undone in the patterns."""
    known = catalogue(())
    readable = [read(text) for text in texts]
    patterns = [re.compile(_pattern(form, prefix)) for service in SERVICES for form in service.forms]
    ours, theirs = [], []
    for _ in range(5):
        ours.append(_seconds(lambda text: find(text, known), readable))
        theirs.append(_seconds(lambda text: [pattern.search(text) for pattern in patterns], readable))
    return median_ratio(theirs, ours)


def _pattern(form: Form, prefix: str) -> str:
    """A row as one pattern that is searched in a text, as detectors commonly have them."""
    hosts = "|".join(re.escape(host).replace(r"\*", "[a-zA-Z0-9.-]+") for host in form.hosts)
    path = re.sub(r"\?P<\w+>", "?:", form.path)
    return rf"{prefix}(?:{hosts}){path}"


def _seconds(call: Callable[[Any], object], values: Sequence[Any]) -> float:
    started = time.process_time()
    for value in values:
        call(value)
    return time.process_time() - started
