"""Every row of the catalogue: its examples, and that its patterns take time in proportion to the address."""

import re
from collections import Counter
from collections.abc import Iterator
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from confsync.domain.detection import detect_text, provider
from confsync.domain.detection.catalogue import SERVICES
from confsync.domain.detection.links import groups
from confsync.domain.detection.service import Form, Service
from confsync.domain.detection.url import parse

JOINS = [(service, url, code) for service in SERVICES for url, code in service.joins.items()]
REFUSES = [(service, url) for service in SERVICES for url in service.refuses]


def test_there_are_enough_and_each_has_examples_of_both_kinds() -> None:
    assert len(SERVICES) >= 75
    assert [service.name for service in SERVICES if not service.joins or not service.refuses] == []
    assert [name for name, count in Counter(service.name for service in SERVICES).items() if count > 1] == []


@pytest.mark.parametrize(("service", "url", "code"), JOINS, ids=[url[:60] for _, url, _ in JOINS])
def test_it_joins(service: Service, url: str, code: str) -> None:
    found = detect_text(f"See you at {url}").conferencing
    assert found is not None
    assert (found.provider, found.details.meeting_code) == (service.told, code)
    assert found.details.url.startswith("https://")
    again = detect_text(found.details.url).conferencing
    assert again is not None
    assert again.details == found.details, "what was read can be read again"


@pytest.mark.parametrize(("service", "url"), REFUSES, ids=[url[:60] for _, url in REFUSES])
def test_it_refuses(service: Service, url: str) -> None:
    assert detect_text(f"See {url} for help").conferencing is None


def test_every_form_has_an_example() -> None:
    """A pattern that no example needs could say anything."""
    for service in SERVICES:
        found = [detect_text(url).conferencing for url in service.joins]
        urls = [parse(each.details.url) for each in found if each is not None]
        unused = [form for form in service.forms if not any(url and groups(url, form) is not None for url in urls)]
        assert unused == [], service.name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Google Meet", "Google Meet"),
        ("GoToMeeting", "GoToMeeting"),
        ("Skype for Business", "Skype for Business"),
        ("Skype for Consumer", "Skype for Consumer"),
        ("Teams for Business", "Microsoft Teams"),
        ("Microsoft Teams", "Microsoft Teams"),
        ("WebEx", "WebEx"),
        ("Webex", "WebEx"),
        ("Zoom Meeting", "Zoom Meeting"),
        ("zoom", "Zoom Meeting"),
        ("Someone's", None),
    ],
)
def test_a_provider_is_known_by_the_names_that_others_give_it(name: str, told: str | None) -> None:
    assert provider(name) == told


# --- linear time -----------------------------------------------------------------------------------------------------

REPEATS = {constants.MAX_REPEAT, constants.MIN_REPEAT}


def nested(parsed: Any, repeats: bool = False) -> bool:
    """Whether something that repeats holds something of varying length: then one text may be read in many ways."""
    return any(_nested(kind, value, repeats) for kind, value in parsed)


def _nested(kind: Any, value: Any, repeats: bool) -> bool:
    if kind in REPEATS:
        least, most, inner = value
        return (repeats and most > max(least, 1)) or nested(inner, repeats or most > 1)
    if kind is constants.SUBPATTERN:
        return nested(value[-1], repeats)
    return kind is constants.BRANCH and any(nested(each, repeats) for each in value[1])


def patterns(form: Form) -> Iterator[str]:
    yield from filter(None, (form.path, form.query, form.fragment))


def test_the_check_for_nesting_finds_it() -> None:
    assert nested(parser.parse(r"(a+)+"))
    assert nested(parser.parse(r"(?:/[^/]+)*"))
    assert not nested(parser.parse(r"/(?:j|s)/\d{9,11}(?:/\d+)?"))


def test_no_pattern_repeats_what_repeats() -> None:
    bad = [
        (service.name, pattern)
        for service in SERVICES
        for form in service.forms
        for pattern in patterns(form)
        if nested(parser.parse(pattern, re.IGNORECASE))
    ]
    assert bad == []
