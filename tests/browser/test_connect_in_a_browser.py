"""People connect and leave accounts of their own, as they see it: sign in, consent, read, choose."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page

from confsync.adapters.sqlite import SqliteStore
from confsync.domain import keys
from confsync.domain.connection import Connection, ConnectionState, Leaving
from confsync.ports import Save
from confsync.web.rendering import languages, texts
from playground.project import Project
from tests.browser.conftest import Visitors
from tests.browser.looks import look
from tests.browser.visitor import Visitor
from tests.end_to_end.world import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]  # one worker: they share a browser and a project

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
SEEN = """() => {
    const at = document.activeElement, style = getComputedStyle(at.closest(".choice") ?? at);
    return at.matches(":focus-visible") && (style.outlineStyle === "auto" || parseFloat(style.outlineWidth) >= 2);
}"""


# --- connecting ------------------------------------------------------------------------------------------------------


@SCRIPTS
def test_an_account_is_connected(visitors: Visitors, scripts: bool) -> None:
    ann = visitors(f"ann-{scripts:d}@example.com", java_script_enabled=scripts)
    ann.overview()
    assert ann.title == "Your accounts"
    assert [ann.state("zoom"), ann.state("teams")] == ["Not connected"] * 2
    ann.click("Connect Zoom")
    assert ann.page.url.startswith(ann.project.cloud.url("zoom"))
    ann.consent()
    assert ann.title == "Zoom is connected"
    assert f"You are connected as {ann.email}." in ann.text
    ann.click("Your accounts")
    assert ann.state() == "Connected"
    assert f"{ann.email}\n" in ann.page.locator("#zoom").inner_text()
    assert ann.state("teams") == "Not connected"


def test_calendars_link_leads_there_through_google(visitors: Visitors) -> None:
    bob = visitors("bob@example.com")
    bob.open(bob.asked_to_connect())
    bob.consent()
    assert bob.title == "Zoom is connected"
    assert bob.link(bob.meet("Planning")) is not None


def test_who_declines_can_try_again(visitors: Visitors) -> None:
    ann = visitors("declines@example.com")
    ann.overview()
    ann.click("Connect Zoom")
    ann.consent("Decline")
    assert ann.title == "Zoom is not connected"
    look(ann.page, "denied")
    ann.click("Try again")
    ann.consent()
    assert ann.title == "Zoom is connected"


def test_who_does_not_sign_in_can_try_again(visitors: Visitors) -> None:
    ann = visitors(None)
    ann.overview()
    assert ann.title == "You are not signed in"
    look(ann.page, "not-signed-in")
    ann.email = ann.project.cloud.issuer.browser = "later@example.com"
    ann.click("Sign in with Google")
    ann.click("Continue")
    assert ann.title == "Your accounts"


@SCRIPTS
def test_a_page_of_before_says_that_it_is_over(visitors: Visitors, scripts: bool) -> None:
    """A callback that is opened again, and Zoom's page by the back button."""
    ann = visitors(f"back-{scripts:d}@example.com", java_script_enabled=scripts)
    ann.overview()
    ann.click("Connect Zoom")
    with ann.page.expect_request("**/callback?*") as callback:
        ann.consent()
    assert ann.title == "Zoom is connected"
    ann.page.reload()
    assert ann.title == "Zoom is connected"
    ann.click("Your accounts")
    ann.open(callback.value.url)
    assert ann.title == "This page is out of date"
    if scripts:
        look(ann.page, "out-of-date")
    ann.page.go_back()  # to the overview
    ann.page.go_back()  # what came of the consent
    assert ann.title == "Zoom is connected"
    ann.page.go_back()  # Zoom's page, with a state that was used
    ann.consent()
    assert ann.title == "This page is out of date"
    ann.click("Your accounts")
    assert ann.state() == "Connected"


def test_another_persons_link_is_not_followed(visitors: Visitors) -> None:
    ann, bob = visitors("link-ann@example.com"), visitors("link-bob@example.com")
    bob.overview()
    bob.open(ann.asked_to_connect())
    assert bob.title == "Whose Zoom account?"
    assert f"This link is for {ann.email}, and you are signed in as {bob.email}." in bob.text
    look(bob.page, "whose")
    bob.click(f"Continue as {bob.email}")
    assert bob.state() == "Not connected"
    bob.click("Use another account")
    assert "/o/oauth2/" in bob.page.url


def test_what_was_not_allowed_is_named(visitors: Visitors, project: Project) -> None:
    ann = visitors("scopes@example.com")
    scopes = project.cloud.zoom.account.person_scopes
    project.cloud.zoom.configure(person_scopes=[each for each in scopes if "delete" not in each])
    try:
        ann.connect()
    finally:
        project.cloud.zoom.configure(person_scopes=scopes)
    assert ann.title == "Something is missing"
    assert "meeting:delete:meeting" in ann.text
    look(ann.page, "missing")
    ann.click("Your accounts")
    assert ann.state() == "Has to be connected again"
    ann.click("Connect Zoom again")
    ann.consent()
    assert ann.title == "Zoom is connected"


# --- meetings --------------------------------------------------------------------------------------------------------


def test_what_waited_for_an_account_goes_on_when_it_is_connected_again(visitors: Visitors, project: Project) -> None:
    ann = visitors("waits@example.com")
    ann.connect()
    event_id = ann.meet("Planning")
    until(lambda: ann.meetings() == ["Planning"])
    project.cloud.zoom.revoke_tokens(ann.email, refresh=True)
    ann.calendar.rename(event_id, "Planning the spring")
    until(lambda: reopened(ann).state() == "Has to be connected again")
    assert ann.meetings() == ["Planning"]
    ann.click("Connect Zoom again")
    ann.consent()
    assert "Meetings that waited for this are brought up to date now." in ann.text
    look(ann.page, "resumed")
    until(lambda: ann.meetings() == ["Planning the spring"])


@SCRIPTS
def test_meetings_are_removed_with_their_account(visitors: Visitors, scripts: bool) -> None:
    ann = visitors(f"removes-{scripts:d}@example.com", java_script_enabled=scripts)
    ann.connect()
    titles = ["Planning", "Retrospective <of> the spring & the summer"]
    event_ids = [ann.meet(title) for title in titles]
    until(lambda: sorted(ann.meetings()) == titles)
    leave(ann)
    assert ann.title == "Disconnect Zoom?"
    assert "It hosts 2 meetings of your events:" in ann.text
    assert titles[1] in ann.text
    ann.page.get_by_text("The meetings go, and their links from the events.").click(force=True)  # below the label
    assert ann.page.get_by_label("Remove them").is_checked()
    if scripts:
        look(ann.page, "leave-removing")
    ann.click("Disconnect")
    assert "Your choice is being carried out." in ann.text or "It is done." in ann.text
    until(lambda: ann.meetings() == [])
    until(lambda: [ann.link(each) for each in event_ids] == [None, None])


def test_meetings_can_stay_as_they_are(visitors: Visitors, project: Project) -> None:
    ann = visitors("kim.larsen@example.com")
    ann.connect()
    titles = ["Budget 2027", "Weekly planning"]
    event_ids = [ann.meet(title) for title in titles]
    until(lambda: sorted(ann.meetings()) == titles)
    shown = [ann.link(each) for each in event_ids]
    leave(ann)
    assert ann.page.get_by_label("Keep them as they are").is_checked()
    look(ann.page, "leave")
    ann.click("Leave everything as it is")
    assert ann.state() == "Connected"
    leave(ann)
    ann.click("Disconnect")
    assert "It is done." in ann.text
    look(ann.page, "left")
    ann.click("Your accounts")
    assert ann.state() == "Not connected"
    assert sorted(ann.meetings()) == titles
    assert [ann.link(each) for each in event_ids] == shown


def test_meetings_are_made_anew_by_the_account_that_comes_next(visitors: Visitors, project: Project) -> None:
    ann = visitors("anew@example.com")
    ann.connect()
    event_id = ann.meet("Planning")
    until(lambda: ann.meetings() == ["Planning"])
    before = ann.link(event_id)
    leave(ann)
    ann.page.get_by_label("Make them anew").check()
    ann.click("Disconnect")
    until(lambda: ann.meetings() == [])
    until(lambda: reopened(ann).state() == "Not connected")
    ann.connect(zoom="ann.office@example.com")
    assert "You are connected as ann.office@example.com." in ann.text
    until(lambda: ann.meetings("ann.office@example.com") == ["Planning"])
    until(lambda: ann.link(event_id) not in {None, before})


def another(ann: Visitor) -> None:
    """They consent with another account at Zoom than the connected one."""
    ann.open(ann.address("zoom", "start"))
    assert f"It is connected for {ann.email}." in ann.text
    ann.click("Connect Zoom")
    ann.consent(zoom="ann.home@example.com")
    assert ann.title == "Another Zoom account"


def test_another_account_in_the_place_of_one_with_meetings(visitors: Visitors, project: Project) -> None:
    ann = visitors("replaces@example.com")
    ann.connect()
    event_id = ann.meet("Planning")
    until(lambda: ann.meetings() == ["Planning"])
    before = ann.link(event_id)
    another(ann)
    ann.click("Leave everything as it is")
    assert ann.email in ann.page.locator("#zoom").inner_text()
    leave(ann)
    assert ann.title == "Disconnect Zoom?"
    another(ann)
    assert f"ann.home@example.com is to take the place of {ann.email}." in ann.text
    ann.page.get_by_label("Make them anew").check()
    look(ann.page, "replace")
    ann.click("Replace")
    until(lambda: (ann.meetings(), ann.meetings("ann.home@example.com")) == ([], ["Planning"]))
    until(lambda: ann.link(event_id) not in {None, before})
    ann.click("Your accounts")
    assert "ann.home@example.com" in ann.page.locator("#zoom").inner_text()


# --- everybody -------------------------------------------------------------------------------------------------------


def test_the_keyboard_is_enough(visitors: Visitors) -> None:
    ann = visitors("keys@example.com")
    ann.overview()
    press(ann.page, "Connect Zoom")
    press(ann.page, "Allow")
    assert ann.title == "Zoom is connected"
    ann.meet("Planning")
    press(ann.page, "Your accounts")
    press(ann.page, "Disconnect Zoom")
    tab_to(ann.page, "Keep them as they are")
    ann.page.keyboard.press("ArrowDown")
    ann.page.keyboard.press("ArrowDown")
    assert ann.page.get_by_label("Remove them").is_checked()
    assert ann.page.evaluate(SEEN)
    press(ann.page, "Disconnect", key="Space")
    press(ann.page, "Your accounts")
    assert ann.state() in {"Not connected", "Being disconnected"}
    press(ann.page, "Use another account")
    assert "/o/oauth2/" in ann.page.url


def test_the_overview_in_each_state(visitors: Visitors, project: Project) -> None:
    ann = visitors("anna.lindqvist@example.com")
    ann.overview()
    look(ann.page, "accounts-none")
    ann.connect()
    look(ann.page, "connected")
    assert ann.email is not None
    store = SqliteStore(str(project.directory / "confsync.sqlite"))
    (zoom,) = store.connections_of(ann.email)
    reopened(ann)
    look(ann.page, "accounts-one")
    ended = replace(
        zoom,
        key=keys.connection_key(ann.email, "teams"),
        vendor="teams",
        account_id="teams-1",
        state=ConnectionState.EXPIRED,
        version=None,
    )
    store.commit([Save(record=ended)])
    assert reopened(ann).state("teams") == "Has to be connected again"
    look(ann.page, "accounts")
    again = store.get(Connection, ended.key)
    assert again is not None
    store.commit([Save(record=replace(again, leaving=Leaving.REMOVE, state=ConnectionState.ACTIVE))])
    assert reopened(ann).state("teams") == "Being disconnected"
    look(ann.page, "accounts-leaving")
    store.close()
    ann.click("Disconnect Zoom")
    look(ann.page, "leave-nothing")


@pytest.mark.parametrize("language", languages()[1:])
def test_pages_are_in_the_browsers_language(visitors: Visitors, language: str) -> None:
    told = texts(language)
    ann = visitors(f"{language}@example.com", locale=f"{language}-{language.upper()}")
    ann.overview()
    assert (ann.title, ann.state()) == (told("Your accounts"), told("Not connected"))
    assert ann.page.locator("html").get_attribute("lang") == language
    look(ann.page, f"accounts-none-{language}")
    ann.page.locator("#zoom button").click()
    ann.consent()
    assert ann.title == told("%(name)s is connected", name="Zoom")
    ann.meet("Planning")
    ann.open(ann.address("zoom", "disconnect"))
    assert told("Keep them as they are") in ann.text
    look(ann.page, f"leave-{language}")


# --- small steps -----------------------------------------------------------------------------------------------------


def reopened(visitor: Visitor) -> Visitor:
    visitor.overview()
    return visitor


def leave(visitor: Visitor) -> None:
    reopened(visitor).click("Disconnect Zoom")


def tab_to(page: Page, name: str) -> None:
    """Assert that the tab key leads to what has this name, and that one sees where one is on the way."""
    wanted = page.get_by_role("button", name=name, exact=True)
    wanted = wanted.or_(page.get_by_role("link", name=name, exact=True)).or_(page.get_by_label(name, exact=True))
    element = wanted.element_handle()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("each => each === document.activeElement", element):
            assert page.evaluate(SEEN), f"nobody sees that {name} has the focus"
            return
    raise AssertionError(f"the tab key never comes to {name}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press(key)
