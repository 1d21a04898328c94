"""What holds for the records whatever happens to events."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from confsync.domain.calendar import Calendar
from confsync.domain.event import Event
from confsync.domain.keys import link_key
from confsync.domain.ledger import Ledger
from confsync.domain.plan import Action, apply_event, detach
from tests.unit.builders import NOW, calendar, choose, conference_id, event, reconciled, series_of, stored, tombstone

CALENDARS = (calendar("alice"), calendar("bob"), calendar("mallory", tenant="example.org"))
EVENT_IDS = ("planning", "copy", "planning_20270308T100000Z")
SOLUTIONS = ("zoom", "jitsi")
UNKNOWN = conference_id(calendar("somebody"))

calendars = st.sampled_from(CALENDARS)
event_ids = st.sampled_from(EVENT_IDS)


@st.composite
def events(draw: st.DrawFn, made: frozenset[str]) -> Event:
    """Any event: gone, or showing one of our conferences, somebody else's or none."""
    event_id = draw(event_ids)
    if draw(st.integers(0, 4)) == 0:
        return tombstone(event_id)
    fields: dict[str, Any] = {
        "title": draw(st.sampled_from(["Planning", "Moved"])),
        "organizer_self": draw(st.integers(0, 4)) > 0,
        "recurring_event_id": series_of(event_id),
    }
    shows = draw(st.sampled_from([None, "meet-abc-defg-hij", UNKNOWN, *sorted(made)]))
    if draw(st.booleans()):
        return event(event_id, shows, **fields)
    return event(event_id, text_conference_id=shows, **fields)


class Records(RuleBasedStateMachine):
    """Any sequence of choices and events over several calendars and tenants, committed at any moment."""

    @initialize()
    def begin(self) -> None:
        self.ledger = Ledger()
        self.made: set[str] = set()
        self.now = NOW

    @rule(of=calendars, event_id=event_ids, solution=st.sampled_from(SOLUTIONS))
    def somebody_chooses(self, of: Calendar, event_id: str, solution: str) -> None:
        self.made.add(choose(self.ledger, of, event_id, solution, self.now))

    @rule(of=calendars, data=st.data())
    def an_event_is_read(self, of: Calendar, data: st.DataObject) -> None:
        seen = data.draw(events(frozenset(self.made)))
        before = deepcopy(self.ledger)
        apply_event(self.ledger, of, seen, self.now)
        self._only_this_tenant_changed(before, of)
        once = deepcopy(self.ledger)
        assert apply_event(self.ledger, of, seen, self.now + timedelta(minutes=1)) is Action.NOTHING
        assert self.ledger == once, "the same event again means nothing"

    @rule(of=calendars, event_id=event_ids)
    def an_event_is_saved_with_what_was_chosen_for_it(self, of: Calendar, event_id: str) -> None:
        link = self.ledger.links.get(link_key(of.key, event_id))
        if link is not None:
            shown = link.conference_ids[-1]
            apply_event(self.ledger, of, event(event_id, shown, recurring_event_id=series_of(event_id)), self.now)
            series = self.ledger.links.get(link_key(of.key, series_of(event_id) or ""))
            if series is None or series.conference_id != shown:
                assert self.ledger.links[link.key].conference_id == shown

    @precondition(lambda self: any(link.provisional for link in self.ledger.links.values()))
    @rule(data=st.data())
    def a_choice_is_given_up(self, data: st.DataObject) -> None:
        chosen = [(link, p) for link in self.ledger.links.values() for p in link.provisional]
        link, provisional = data.draw(st.sampled_from(chosen))
        detach(self.ledger, link, provisional.conference_id, self.now)
        if not self.ledger.links[link.key].conference_ids:
            self.ledger.drop(self.ledger.links[link.key])

    @rule()
    def everything_is_stored_and_reconciled(self) -> None:
        self._commit()
        for conference in list(self.ledger.conferences.values()):
            self.ledger.put(reconciled(conference))
        self._commit()
        self.now += timedelta(minutes=10)

    def _commit(self) -> None:
        """As stores do: a record without a version must not exist yet, any other must."""
        kept = [each for each in self.ledger.changed.values() if each.version is not None]
        assert all(each.key not in self.ledger.removed for each in self.ledger.changed.values())
        assert {each.version for each in kept} <= {"1"}
        self.ledger = stored(self.ledger)

    def _only_this_tenant_changed(self, before: Ledger, of: Calendar) -> None:
        for key, conference in self.ledger.conferences.items():
            assert conference == before.conferences[key] or conference.tenant == of.tenant
        for key, link in (before.links | self.ledger.links).items():
            assert self.ledger.links.get(key) == before.links.get(key) or link.calendar_key == of.key

    @invariant()
    def conferences_are_never_invented(self) -> None:
        assert set(self.ledger.conferences) == self.made

    @invariant()
    def a_conference_is_wanted_as_long_as_an_event_has_it(self) -> None:
        for conference in self.ledger.conferences.values():
            assert conference.wanted == bool(conference.links)

    @invariant()
    def links_and_conferences_name_each_other(self) -> None:
        named = {(link.key, each) for link in self.ledger.links.values() for each in link.conference_ids}
        held = [(key, conference.id) for conference in self.ledger.conferences.values() for key in conference.links]
        assert sorted(named) == sorted(held)
        assert all(link.conference_ids for link in self.ledger.links.values()), "a link without a conference is none"

    @invariant()
    def the_oldest_link_that_was_saved_drives(self) -> None:
        for conference in self.ledger.conferences.values():
            if conference.links:
                links = [self.ledger.links[key] for key in conference.links]
                saved = [link for link in links if link.conference_id == conference.id]
                driver, *others = (link.spec for link in saved or links)
                outlived = any(other.end > driver.end for other in others)
                assert conference.desired.spec == replace(driver, host=conference.host, open_ended=outlived)

    @invariant()
    def an_instance_shares_no_conference_with_its_series(self) -> None:
        for link in self.ledger.links.values():
            series = self.ledger.links.get(link_key(link.calendar_key, link.series or ""))
            assert series is None or series.conference_id is None or series.conference_id != link.conference_id

    @invariant()
    def no_conference_has_links_of_two_tenants(self) -> None:
        tenant_of = {c.key: c.tenant for c in CALENDARS}
        for conference in self.ledger.conferences.values():
            tenants = {tenant_of[self.ledger.links[key].calendar_key] for key in conference.links}
            assert tenants <= {conference.tenant}

    @invariant()
    def what_is_not_settled_is_due(self) -> None:
        for conference in self.ledger.conferences.values():
            assert conference.settled or conference.due_at is not None


TestRecords = Records.TestCase
TestRecords.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
