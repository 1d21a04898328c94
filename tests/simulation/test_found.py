"""What the random stories found in the engine, each under the name of what went wrong."""

from datetime import timedelta

from confsync.usecases.create_conference import Created
from tests.fakes.queue import Task
from tests.simulation.cloud import ANN, DAY, INTERVAL, SOON, Cloud
from tests.simulation.gate import Call
from tests.simulation.scenarios import saved
from tests.simulation.vendor import REFUSED
from tests.simulation.workers import Worker


class Losing:
    """The gate of a world in which one answer is lost: that to the first call of a method after another call."""

    def __init__(self, method: str, *, after: str) -> None:
        self._method, self._after = method, after
        self._armed = False

    def before(self, call: Call) -> None:
        pass

    def after(self, call: Call) -> None:
        if str(call) == self._after:
            self._armed = True
        elif self._armed and str(call) == self._method:
            self._armed, self._after = False, ""
            raise call.lost()


def test_the_answer_to_the_commit_that_makes_a_channel_active_is_lost() -> None:
    """A second channel was opened; both told of every change for half of their lives."""
    cloud = Cloud()
    cloud.gate = Losing("store.commit", after="google.watch")
    saved(cloud)
    cloud.until_quiet()
    assert len([each for each in cloud.google.channels.values() if not each.stopped]) == 1
    cloud.promises.check()


def test_a_copy_of_an_event_that_is_saved_without_its_conference() -> None:
    """The copy's meeting was driven by what little was known of the event that it was chosen for."""
    cloud = Cloud()
    cloud.ann.insert("e1", title="Original")
    created = chosen(cloud, "e1")
    cloud.ann.insert("e2", title="Copy")
    cloud.save(cloud.ann, "e2", created)
    cloud.until_quiet()
    assert [meeting.spec.title for meeting in cloud.vendor.meetings.values()] == ["Copy"]
    cloud.promises.check()


def test_a_choice_is_given_up_while_its_calendar_was_not_read() -> None:
    """Nobody had seen that a copy of the event shows it: the copy's meeting was deleted."""
    cloud = Cloud()
    created = chosen(cloud, "e1")
    cloud.follow()
    cloud.save(cloud.ann, "e1", created, title="Original")
    cloud.ann.copy("e1", "e2")
    cloud.promises.promise(ANN, "e2", created.details.video_uri)
    cloud.promises.release(ANN, "e1")
    cloud.ann.update("e1", conference=None)
    cloud.google.notices.clear()
    cloud.clock.advance(DAY)
    cloud.run(lambda functions: functions.work(Task(kind="reconcile", key=created.conference_id)))
    cloud.until_quiet()
    cloud.promises.check(collected=True)


def test_choosing_on_a_paused_calendar() -> None:
    """The calendar was followed anew, and the channel from before stayed open."""
    cloud = Cloud()
    saved(cloud)
    cloud.google.revoked.add(ANN)
    cloud.clock.advance(2 * INTERVAL)
    cloud.sweep()
    cloud.google.revoked.clear()
    chosen(cloud, "e2")
    cloud.follow()
    assert len([each for each in cloud.google.channels.values() if not each.stopped]) == 1
    cloud.until_quiet()
    cloud.promises.check()


def test_a_conference_is_taken_off_and_chosen_again_before_the_sync() -> None:
    """The sync saw the event without it, and deleted the meeting that the person was about to save."""
    cloud = Cloud()
    saved(cloud)
    cloud.promises.release(ANN, "e1")
    cloud.ann.update("e1", conference=None)
    created = chosen(cloud, "e1")
    cloud.follow()
    cloud.save(cloud.ann, "e1", created)
    cloud.until_quiet()
    cloud.promises.check()


def test_a_process_stands_still_between_its_lease_and_the_vendor() -> None:
    """The next one looked for its meeting, found none, and made a second one."""
    cloud = Cloud()
    cloud.ann.insert("e1")
    request = cloud.request(cloud.ann, "e1", "zoom")
    slow = Worker(cloud, "slow", lambda functions: functions.create(request))
    step_until(slow, "store.commit", times=2)
    cloud.clock.advance(SOON)
    created = chosen(cloud, "e1")
    cloud.save(cloud.ann, "e1", created)
    slow.finish()
    cloud.clock.advance(timedelta(minutes=1))
    assert len(cloud.vendor.meetings) == 1
    cloud.until_quiet()
    cloud.promises.check()


def test_a_choice_that_was_never_saved_and_whose_meeting_can_not_be_changed() -> None:
    """The vendor refused a change for good, nothing was due any more, and the meeting stayed for ever."""
    cloud = Cloud()
    cloud.ann.insert("e1", title="Standup")
    chosen(cloud, "e1")
    cloud.follow()
    cloud.ann.update("e1", title=REFUSED)
    cloud.until_quiet()
    assert len(cloud.vendor.meetings) == 1
    cloud.until_collected()
    assert not cloud.vendor.meetings
    cloud.promises.check(collected=True)


def chosen(cloud: Cloud, event_id: str) -> Created:
    created = cloud.choose(cloud.ann, event_id)
    assert created is not None
    return created


def step_until(worker: Worker, call: str, *, times: int) -> None:
    """Let it go on until that call of its has done its work so many times, and its answer is under way."""
    while times:
        worker.step()
        assert worker.waits is not None, "it never called that"
        times -= worker.waits[1] and str(worker.waits[0]) == call
