"""What people and services do in everyday life, one deed at a time.

In each scenario everything is at rest after `prepare`; then `act` happens, and what follows from it. A fault is put at
each outside call of that. `meetings` are the titles that the vendor has in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from confsync.domain.errors import Ambiguous
from tests.simulation.cloud import ANN, BEN, CARA, DAY, INTERVAL, SIDE, TEAM, Cloud
from tests.simulation.google import FOREIGN

Deed = Callable[[Cloud], object]

START = datetime(2026, 3, 3, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HALF_HOUR = timedelta(minutes=30)
WEEK = timedelta(weeks=1)
WEEKLY = ("RRULE:FREQ=WEEKLY;COUNT=8",)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`calls` is how often the vendor is asked, by method, when nothing goes wrong.

    `insist`: what a person does again after an error.
    """

    prepare: Deed
    act: Deed
    meetings: list[str]
    calls: dict[str, int]
    insist: Deed | None = None
    needless: int = 0


def nothing(_: Cloud) -> None:
    """A new world."""


def saved(cloud: Cloud) -> None:
    cloud.with_conference(cloud.ann, "e1", title="Standup")


def weekly(cloud: Cloud) -> None:
    cloud.with_conference(cloud.ann, "e1", title="Weekly", recurrence=WEEKLY)


def create(cloud: Cloud) -> None:
    """On an event that exists, and save it."""
    if not cloud.ann.has("e1"):
        cloud.ann.insert("e1", title="Standup")
    save_if_made(cloud)


def save_if_made(cloud: Cloud) -> None:
    created = cloud.choose(cloud.ann, "e1")
    if created is not None and not cloud.ann.deleted("e1"):
        cloud.save(cloud.ann, "e1", created, title="Standup")


def insist(cloud: Cloud) -> None:
    if not cloud.ann.has("e1") or cloud.ann.event("e1").conference is None:
        save_if_made(cloud)


def create_unsaved(cloud: Cloud) -> None:
    cloud.choose(cloud.ann, "e1")


def create_slowly(cloud: Cloud) -> None:
    """The vendor makes the meeting, and its answer never comes."""
    cloud.vendor.lose_answer("create", Ambiguous("time-out", service="vendor"))
    create(cloud)


def rename(cloud: Cloud) -> None:
    cloud.ann.update("e1", title="Retro")


def rename_and_undo(cloud: Cloud) -> None:
    """As soon as something goes wrong, they change it back: what the meeting is like by then, nobody knows."""
    rename(cloud)
    cloud.on_trouble.append(lambda: cloud.ann.update("e1", title="Standup"))


def describe(cloud: Cloud) -> None:
    """A change that is nothing to the vendor."""
    cloud.ann.update("e1", description="Agenda: none")


def rename_all_day(cloud: Cloud) -> None:
    cloud.ann.update("e1", title="Retro", start=START.date(), end=(START + 2 * DAY).date())


def move_in_time(cloud: Cloud) -> None:
    cloud.ann.update("e1", start=START + 2 * HALF_HOUR, end=START + 3 * HALF_HOUR)


def change_zone(cloud: Cloud) -> None:
    """The same instant, told by other clocks: after the next change to summer time it makes an hour."""
    cloud.ann.update("e1", start=START.astimezone(BERLIN), end=(START + HALF_HOUR).astimezone(BERLIN))


def make_recurring(cloud: Cloud) -> None:
    cloud.ann.update("e1", recurrence=WEEKLY)


def change_rule(cloud: Cloud) -> None:
    cloud.ann.update("e1", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))


def make_single(cloud: Cloud) -> None:
    cloud.ann.update("e1", recurrence=())


def cancel_instance(cloud: Cloud) -> None:
    cloud.ann.cancel_instance("e1", START + WEEK)


def move_instance(cloud: Cloud) -> None:
    cloud.ann.change_instance("e1", START + WEEK, title="Moved once")


def split(cloud: Cloud) -> None:
    cloud.ann.split("e1", "e2", START + 4 * WEEK, title="Later half")
    cloud.promises.promise(ANN, "e2", cloud.promises.links[ANN, "e1"])


def delete_first_half(cloud: Cloud) -> None:
    cloud.promises.release(ANN, "e1")
    cloud.ann.delete("e1")


def split_and_rest(cloud: Cloud) -> None:
    weekly(cloud)
    split(cloud)
    cloud.follow()


def copy(cloud: Cloud) -> None:
    cloud.ann.copy("e1", "e2")
    cloud.promises.promise(ANN, "e2", cloud.promises.links[ANN, "e1"])


def copied(cloud: Cloud) -> None:
    saved(cloud)
    copy(cloud)
    cloud.ann.update("e2", title="Copy")
    cloud.follow()


def copy_and_delete(cloud: Cloud) -> None:
    copy(cloud)
    delete(cloud)


def delete(cloud: Cloud) -> None:
    cloud.promises.release(ANN, "e1")
    cloud.ann.delete("e1")


def deleted(cloud: Cloud) -> None:
    saved(cloud)
    delete(cloud)
    cloud.follow()


def restore(cloud: Cloud) -> None:
    cloud.ann.restore("e1")


def delete_and_restore(cloud: Cloud) -> None:
    delete(cloud)
    cloud.follow()
    restore(cloud)


def switch(cloud: Cloud) -> None:
    """Another solution for the same event; only if it was made is the event saved with it."""
    created = cloud.choose(cloud.ann, "e1", "jitsi")
    if created is not None and cloud.ann.has("e1"):
        cloud.save(cloud.ann, "e1", created)


def insist_on_switch(cloud: Cloud) -> None:
    conference = cloud.ann.event("e1").conference
    if conference is None or conference.id != cloud.conference_id(ANN, "e1", "jitsi"):
        switch(cloud)


def choose_and_close(cloud: Cloud) -> None:
    """They look at another solution, and close the event without saving."""
    cloud.choose(cloud.ann, "e1", "jitsi")


def remove_conference(cloud: Cloud) -> None:
    cloud.promises.release(ANN, "e1")
    cloud.ann.update("e1", conference=None)


def replace_by_meet(cloud: Cloud) -> None:
    cloud.promises.release(ANN, "e1")
    cloud.ann.update("e1", conference=FOREIGN)


def removed(cloud: Cloud) -> None:
    saved(cloud)
    remove_conference(cloud)
    cloud.follow()


def with_team(cloud: Cloud) -> None:
    """Both calendars are followed."""
    cloud.with_conference(cloud.team, "t1", title="Team")
    saved(cloud)


def to_team(cloud: Cloud) -> None:
    move_to(cloud, TEAM)


def to_side(cloud: Cloud) -> None:
    move_to(cloud, SIDE)


def move_to(cloud: Cloud, calendar_id: str) -> None:
    cloud.ann.move("e1", calendar_id)
    cloud.promises.promise(calendar_id, "e1", cloud.promises.links[ANN, "e1"])
    cloud.promises.release(ANN, "e1")


def to_team_told_there_first(cloud: Cloud) -> None:
    to_team(cloud)
    cloud.google.notices.reverse()


def to_team_told_nowhere(cloud: Cloud) -> None:
    to_team(cloud)
    cloud.google.notices.clear()
    cloud.clock.advance(2 * INTERVAL)
    cloud.sweep()


def shared(cloud: Cloud) -> None:
    """Both have a conference on the calendar that they share."""
    cloud.with_conference(cloud.team, "t1", title="Ann's")
    cloud.with_conference(cloud.ben_on_team, "t2", title="Ben's")


def both_change(cloud: Cloud) -> None:
    cloud.team.update("t1", title="Ann's new")
    cloud.team.update("t2", title="Ben's new")


def ann_leaves(cloud: Cloud) -> None:
    """For good; Ben's access has to do."""
    cloud.google.revoked.add(ANN)
    both_change(cloud)
    cloud.google.notices.clear()
    cloud.clock.advance(2 * INTERVAL)
    cloud.sweep()


def with_guests(cloud: Cloud) -> None:
    """Ben has the add-on too and his calendar is followed; Cara's is not."""
    cloud.with_conference(cloud.ben, "b1", title="Ben's")
    cloud.with_conference(cloud.ann, "e1", title="Standup", attendees=(BEN, CARA))


def guest_declines(cloud: Cloud) -> None:
    cloud.ben.delete("e1")


def renewal(cloud: Cloud) -> None:
    cloud.clock.advance(timedelta(days=3, hours=12))
    rename(cloud)
    cloud.sweep()


def expired(cloud: Cloud) -> None:
    """The channel is long gone, and a change with it."""
    cloud.clock.advance(timedelta(days=8))
    rename(cloud)
    cloud.sweep()


def swept(cloud: Cloud) -> None:
    rename(cloud)
    cloud.google.notices.clear()
    cloud.clock.advance(2 * INTERVAL)
    cloud.sweep()


def token_expires(cloud: Cloud) -> None:
    """And behind it hide a deletion, of which nobody was told, and a change."""
    cloud.promises.release(ANN, "e2")
    cloud.ann.delete("e2")
    cloud.google.notices.clear()
    cloud.google.expire_sync_tokens(ANN)
    rename(cloud)


def two(cloud: Cloud) -> None:
    saved(cloud)
    cloud.with_conference(cloud.ann, "e2", title="Other")


def many_pages(cloud: Cloud) -> None:
    cloud.google.page_size = 1
    cloud.ann.update("e2", title="Two")
    rename(cloud)


def dying_pages(cloud: Cloud) -> None:
    many_pages(cloud)
    cloud.google.expire_sync_tokens(ANN)


def loses_meeting(cloud: Cloud) -> None:
    """Somebody deletes the meeting at the vendor."""
    saved(cloud)
    cloud.promises.release(ANN, "e1")
    cloud.vendor.meetings.clear()


def never_saved(cloud: Cloud) -> None:
    cloud.choose(cloud.ann, "e1")
    cloud.follow()
    cloud.clock.advance(DAY)


def saved_late(cloud: Cloud) -> None:
    """At hour 23, without a notification."""
    created = cloud.choose(cloud.ann, "e1")
    assert created is not None
    cloud.follow()
    cloud.clock.advance(DAY - timedelta(hours=1))
    cloud.save(cloud.ann, "e1", created, title="Standup")
    cloud.google.notices.clear()
    cloud.clock.advance(timedelta(hours=1))


def replaced_meanwhile(cloud: Cloud) -> None:
    """While the lost meeting is made anew, somebody puts a Meet on the event."""
    cloud.vendor.during("create", lambda: replace_by_meet(cloud))
    rename(cloud)


def edited_before_saving(cloud: Cloud) -> None:
    """The event changes while its dialog is open with another choice."""
    cloud.ann.insert("e1", title="Standup")
    created = cloud.choose(cloud.ann, "e1")
    cloud.follow()
    cloud.ann.update("e1", title="Edited")
    cloud.follow()
    if created is not None and cloud.ann.has("e1"):
        cloud.save(cloud.ann, "e1", created)


def paused(cloud: Cloud) -> None:
    """Ann takes her grant back; four days later she gives it again. Meanwhile things change."""
    two(cloud)
    cloud.google.revoked.add(ANN)
    rename(cloud)
    cloud.promises.release(ANN, "e2")
    cloud.ann.delete("e2")
    cloud.follow()
    cloud.clock.advance(timedelta(days=4))
    cloud.google.notices.clear()
    cloud.google.revoked.clear()


def as_text(cloud: Cloud) -> None:
    """Google takes no conference data from us."""
    saved(cloud)
    cloud.google.writes = "strip"
    cloud.promises.release(ANN, "e1")
    cloud.vendor.meetings.clear()


def other_peoples(cloud: Cloud) -> None:
    """Conferences that are not ours, and one of ours."""
    saved(cloud)
    cloud.ann.insert("meet", title="Meet", conference=FOREIGN)
    cloud.vendor.add_foreign("m-foreign", cloud.ann.event("meet").spec(host=ANN))
    cloud.follow()


def other_peoples_change(cloud: Cloud) -> None:
    cloud.ann.update("meet", title="Changed")
    cloud.ann.delete("meet")


def sweep(cloud: Cloud) -> None:
    cloud.sweep()


UPDATE = {"update": 1}

SCENARIOS = {
    "create, and try again": Scenario(
        prepare=nothing, act=create, insist=insist, meetings=["Standup"], calls={"create": 1}
    ),
    "create, and give up": Scenario(prepare=nothing, act=create, meetings=["Standup"], calls={"create": 1}),
    "create on an unsaved event": Scenario(
        prepare=nothing, act=save_if_made, insist=insist, meetings=["Standup"], calls={"create": 1, "update": 1}
    ),
    "create without an answer": Scenario(
        prepare=nothing,
        act=create_slowly,
        insist=insist,
        meetings=["Standup"],
        calls={"create": 1, "find": 1, "update": 1},
        needless=1,
    ),
    "create, never saved": Scenario(prepare=nothing, act=create_unsaved, meetings=[], calls={"create": 1}),
    "collection": Scenario(prepare=never_saved, act=sweep, meetings=[], calls={"delete": 1}),
    "saved at hour 23": Scenario(prepare=saved_late, act=sweep, meetings=["Standup"], calls=UPDATE),
    "rename": Scenario(prepare=saved, act=rename, meetings=["Retro"], calls=UPDATE),
    "rename, undone at once": Scenario(prepare=saved, act=rename_and_undo, meetings=["Retro"], calls=UPDATE),
    "description changed": Scenario(prepare=saved, act=describe, meetings=["Standup"], calls={}),
    "all day": Scenario(prepare=saved, act=rename_all_day, meetings=["Retro"], calls=UPDATE),
    "move in time": Scenario(prepare=saved, act=move_in_time, meetings=["Standup"], calls=UPDATE),
    "zone changed": Scenario(prepare=weekly, act=change_zone, meetings=["Weekly"], calls=UPDATE),
    "made recurring": Scenario(prepare=saved, act=make_recurring, meetings=["Standup"], calls=UPDATE),
    "recurrence changed": Scenario(prepare=weekly, act=change_rule, meetings=["Weekly"], calls=UPDATE),
    "made single again": Scenario(prepare=weekly, act=make_single, meetings=["Weekly"], calls=UPDATE),
    "instance cancelled": Scenario(prepare=weekly, act=cancel_instance, meetings=["Weekly"], calls={}),
    "instance changed": Scenario(prepare=weekly, act=move_instance, meetings=["Weekly"], calls={}),
    "split": Scenario(prepare=weekly, act=split, meetings=["Weekly"], calls=UPDATE),
    "first half deleted": Scenario(
        prepare=split_and_rest, act=delete_first_half, meetings=["Later half"], calls=UPDATE
    ),
    "copy": Scenario(prepare=saved, act=copy, meetings=["Standup"], calls={}),
    "copy, and delete the original": Scenario(prepare=saved, act=copy_and_delete, meetings=["Standup"], calls={}),
    "original of a copy deleted": Scenario(prepare=copied, act=delete, meetings=["Copy"], calls=UPDATE),
    "solution switched": Scenario(
        prepare=saved,
        act=switch,
        insist=insist_on_switch,
        meetings=["Standup"],
        calls={"create": 1, "delete": 1},
    ),
    "other solution chosen, not saved": Scenario(
        prepare=saved, act=choose_and_close, meetings=["Standup"], calls={"create": 1}
    ),
    "conference removed": Scenario(prepare=saved, act=remove_conference, meetings=[], calls={"delete": 1}),
    "replaced by Meet": Scenario(prepare=saved, act=replace_by_meet, meetings=[], calls={"delete": 1}),
    "removed, and chosen again": Scenario(
        prepare=removed, act=save_if_made, insist=insist, meetings=["Standup"], calls={"create": 1}
    ),
    "delete": Scenario(prepare=saved, act=delete, meetings=[], calls={"delete": 1}),
    "undelete": Scenario(prepare=deleted, act=restore, meetings=["Standup"], calls={"create": 1}),
    "delete and undelete": Scenario(
        prepare=saved, act=delete_and_restore, meetings=["Standup"], calls={"delete": 1, "create": 1}
    ),
    "to another calendar": Scenario(prepare=with_team, act=to_team, meetings=["Standup", "Team"], calls={}),
    "to another calendar, told there first": Scenario(
        prepare=with_team, act=to_team_told_there_first, meetings=["Standup", "Team"], calls={}
    ),
    "to another calendar, told nowhere": Scenario(
        prepare=with_team, act=to_team_told_nowhere, meetings=["Standup", "Team"], calls={}
    ),
    "to a calendar without conferences": Scenario(prepare=saved, act=to_side, meetings=["Standup"], calls={}),
    "two users on a team calendar": Scenario(
        prepare=shared, act=both_change, meetings=["Ann's new", "Ben's new"], calls={"update": 2}
    ),
    "the other user of a team calendar leaves": Scenario(
        prepare=shared, act=ann_leaves, meetings=["Ann's new", "Ben's new"], calls={"update": 2}
    ),
    "change with guests": Scenario(prepare=with_guests, act=rename, meetings=["Ben's", "Retro"], calls=UPDATE),
    "guest declines": Scenario(prepare=with_guests, act=guest_declines, meetings=["Ben's", "Standup"], calls={}),
    "renewal": Scenario(prepare=saved, act=renewal, meetings=["Retro"], calls=UPDATE),
    "expired channel": Scenario(prepare=saved, act=expired, meetings=["Retro"], calls=UPDATE),
    "sweep": Scenario(prepare=saved, act=swept, meetings=["Retro"], calls=UPDATE),
    "410": Scenario(prepare=two, act=token_expires, meetings=["Retro"], calls={"update": 1, "delete": 1}),
    "several pages": Scenario(prepare=two, act=many_pages, meetings=["Retro", "Two"], calls={"update": 2}),
    "410 and several pages": Scenario(prepare=two, act=dying_pages, meetings=["Retro", "Two"], calls={"update": 2}),
    "meeting deleted at the vendor": Scenario(
        prepare=loses_meeting, act=rename, meetings=["Retro"], calls={"update": 1, "create": 1}
    ),
    "replaced by Meet while it is made anew": Scenario(
        prepare=loses_meeting, act=replaced_meanwhile, meetings=[], calls={"update": 1, "create": 1, "delete": 1}
    ),
    "edited before it is saved": Scenario(
        prepare=nothing, act=edited_before_saving, meetings=["Edited"], calls={"create": 1, "update": 1}
    ),
    "written as text": Scenario(prepare=as_text, act=rename, meetings=["Retro"], calls={"update": 1, "create": 1}),
    "paused calendar": Scenario(prepare=paused, act=sweep, meetings=["Retro"], calls={"update": 1, "delete": 1}),
    "not ours": Scenario(prepare=other_peoples, act=other_peoples_change, meetings=["Meet", "Standup"], calls={}),
}
