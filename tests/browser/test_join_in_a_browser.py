"""People join a meeting by the page that the event's link leads to."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from confsync.web.rendering import languages, texts
from playground.browser import Browser
from tests.browser.conftest import Visitors
from tests.browser.looks import look
from tests.browser.visitor import Visitor
from tests.end_to_end.world import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]  # one worker: they share a browser and a project


def invited(ann: Visitor, begins: timedelta = timedelta(minutes=5)) -> str:
    """The link of an event of Ann's."""
    link = ann.link(ann.meet("Planning", "bigbluebutton", begins=begins))
    assert link is not None
    assert link.startswith(ann.project.functions["join"].url)
    return link


def shows(link: str, words: str) -> str:
    """The link, as soon as it leads to these words: when an event takes place is known once Calendar has told of it."""
    until(lambda: words in Browser().open(link).text)
    return link


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_guest_says_their_name_and_is_in(visitors: Visitors, scripts: bool) -> None:
    link = shows(invited(visitors(f"host-{scripts:d}@example.com")), "Join with")
    guest = visitors(None, java_script_enabled=scripts)
    guest.open(link)
    assert guest.title == "Join with BigBlueButton"
    if scripts:
        look(guest.page, "join")
    guest.page.get_by_label("Your name").fill("Cara O'Hara")
    guest.page.get_by_label("Your name").press("Enter")
    assert guest.page.title() == "BigBlueButton"
    assert guest.page.url.startswith(guest.project.cloud.url("bigbluebutton"))


def test_who_leads_the_meeting_signs_in(visitors: Visitors) -> None:
    ann = visitors("robin.costa@example.com")
    ann.open(shows(invited(ann), "Join with"))
    ann.project.cloud.issuer.browser = ann.email
    ann.click("Sign in with Google to lead the meeting")
    ann.click("Continue")
    assert "will lead this meeting" in ann.text
    assert ann.page.get_by_label("Your name").input_value() == "Robin.Costa"
    look(ann.page, "join-leading")
    ann.click("Join")
    assert ann.page.title() == "BigBlueButton"


def test_a_name_that_is_none_is_asked_for_again(visitors: Visitors) -> None:
    guest = visitors(None)
    guest.open(shows(invited(visitors("named@example.com")), "Join with"))
    guest.page.get_by_label("Your name").fill("   ")  # which the browser takes for one
    guest.click("Join")
    assert guest.page.get_by_role("alert").inner_text() == "A name has 1 to 60 characters."
    look(guest.page, "join-no-name")


def test_before_it_is_time(visitors: Visitors) -> None:
    begins = timedelta(days=7)
    opens = datetime.now(ZoneInfo("Europe/Berlin")) + begins - timedelta(minutes=15)
    guest = visitors(None)
    guest.open(shows(invited(visitors("early@example.com"), begins), f"It opens on {texts('en').day(opens)}"))
    assert guest.title == "It is not time yet"
    look(guest.page, "join-early")


def test_shortly_before_it_is_time_the_page_looks_again_by_itself(visitors: Visitors) -> None:
    guest = visitors(None)
    guest.open(shows(invited(visitors("soon@example.com"), timedelta(minutes=40)), "It is not time yet"))
    assert guest.title == "It is not time yet"
    # a page that waits for a meeting to open has to, and there is nothing on it that could be lost:
    # https://www.w3.org/TR/WCAG22/#timing-adjustable, "real-time exception"
    look(guest.page, "join-soon", but=["meta-refresh"])


def test_a_link_of_which_a_part_is_missing(visitors: Visitors) -> None:
    guest = visitors(None)
    guest.open(invited(visitors("cut@example.com"))[:-5])
    assert guest.title == "This link does not work"
    look(guest.page, "join-broken")


@pytest.mark.parametrize("language", languages()[1:])
def test_it_is_in_the_browsers_language(visitors: Visitors, language: str) -> None:
    told = texts(language)
    guest = visitors(None, locale=f"{language}-{language.upper()}")
    guest.open(shows(invited(visitors(f"join-{language}@example.com")), "Join with"))
    assert guest.title == told("Join with %(solution)s", solution="BigBlueButton")
    look(guest.page, f"join-{language}")
