"""What a provider promises whose vendor keeps single times of a series (`capabilities.occurrences`)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.errors import Ambiguous, Temporary
from confsync.domain.fitting import fit
from confsync.ports import ConferenceProvider
from playground.faults import Faults
from tests.contracts.provider import ALL_DAY, MARKER, SPEC, changes

HOUR = timedelta(hours=1)
WEEKLY = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
TIMES = [(SPEC.start + timedelta(weeks=week)).astimezone(UTC) for week in range(6)]


class SeriesVendor(Protocol):
    """The simulator behind the provider."""

    faults: Faults
    api: str

    def instances(self) -> Sequence[tuple[datetime, str]]:
        """Start and name of each time of the only series, in their order."""
        ...


def moved(original: datetime, by: timedelta, title: str = "") -> Occurrence:
    """That time of the series, so much later."""
    start = original + by
    return Occurrence(original=original, start=start, end=start + (SPEC.end - SPEC.start), title=title or SPEC.title)


OCCURRENCES = (Occurrence(original=TIMES[1]), moved(TIMES[2], HOUR), moved(TIMES[4], timedelta(0), "The big one"))
KEPT = [
    (TIMES[0], SPEC.title),
    (TIMES[2] + HOUR, SPEC.title),
    (TIMES[3], SPEC.title),
    (TIMES[4], "The big one"),
    (TIMES[5], SPEC.title),
]


def as_told(spec: ConferenceSpec) -> list[tuple[datetime, str]]:
    """What a vendor that keeps all of it has."""
    told = {each.original: each for each in spec.occurrences}
    found = [told.get(at, moved(at, timedelta(0))) for at in TIMES]
    return [(each.start, each.title) for each in found if each.start is not None]


class InstancesContract:
    """Fixtures: `provider`, and `vendor`, the simulator."""

    def test_single_times_are_cancelled_moved_and_renamed(
        self, provider: ConferenceProvider, vendor: SeriesVendor
    ) -> None:
        provider.create(replace(WEEKLY, occurrences=OCCURRENCES), MARKER)
        assert list(vendor.instances()) == KEPT

    @pytest.mark.parametrize("before", [(), OCCURRENCES[:1], OCCURRENCES[:2]], ids=len)
    def test_a_change_of_one_time_touches_no_other(
        self, provider: ConferenceProvider, vendor: SeriesVendor, before: tuple[Occurrence, ...]
    ) -> None:
        old, new = replace(WEEKLY, occurrences=before), replace(WEEKLY, occurrences=OCCURRENCES[: len(before) + 1])
        reference = provider.create(old, MARKER).reference
        vendor.faults.forget_requests()
        provider.update(reference, new, changes(provider, old, new), MARKER)
        assert list(vendor.instances()) == as_told(new)
        # a connection that breaks by itself has a call repeated
        writes = {(call.method, call.path) for call in vendor.faults.requests(path=vendor.api) if call.method != "GET"}
        assert len(writes) == 1

    @pytest.mark.parametrize(
        "more",
        [
            {"title": "Stand-up "},
            {"title": ""},
            {"title": "Ünïcödé 🎉 " * 100},
            {"end": SPEC.start},
            {"end": SPEC.start + timedelta(minutes=30, seconds=30)},
            {"end": SPEC.start + timedelta(days=2)},
            ALL_DAY,
        ],
        ids=["a space at the end", "no title", "a long title", "no length", "half a minute", "two days", "all day"],
    )
    def test_a_series_that_the_vendor_keeps_otherwise_costs_no_more(
        self, provider: ConferenceProvider, vendor: SeriesVendor, more: dict[str, Any]
    ) -> None:
        series = replace(WEEKLY, **more)
        at = [(series.start + timedelta(weeks=week)).astimezone(UTC) for week in range(6)]

        def without(*weeks: int) -> ConferenceSpec:
            cancelled = tuple(Occurrence(original=at[week]) for week in weeks)
            return fit(replace(series, occurrences=cancelled), provider.capabilities)

        reference = provider.create(without(2), MARKER).reference
        vendor.faults.forget_requests()
        provider.update(reference, without(2, 3), changes(provider, without(2), without(2, 3)), MARKER)
        writes = {(call.method, call.path) for call in vendor.faults.requests(path=vendor.api) if call.method != "GET"}
        assert len(writes) == 1
        provider.update(reference, without(3), changes(provider, without(2, 3), without(3)), MARKER)
        assert len(vendor.instances()) == 5

    @pytest.mark.parametrize(
        "length", [timedelta(minutes=5), timedelta(days=1), timedelta(minutes=30, seconds=30)], ids=str
    )
    def test_a_single_time_of_any_length_is_moved(
        self, provider: ConferenceProvider, vendor: SeriesVendor, length: timedelta
    ) -> None:
        series = replace(WEEKLY, end=SPEC.start + length)
        later = Occurrence(original=TIMES[2], start=TIMES[2] + HOUR, end=TIMES[2] + HOUR + length, title=SPEC.title)
        provider.create(fit(replace(series, occurrences=(later,)), provider.capabilities), MARKER)
        assert vendor.instances()[2][0] == TIMES[2] + HOUR

    def test_what_does_not_fit_into_one_attempt_is_done_in_the_next(
        self, provider: ConferenceProvider, vendor: SeriesVendor
    ) -> None:
        series = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=20",))
        at = [(series.start + timedelta(weeks=week)).astimezone(UTC) for week in range(20)]
        spec = replace(series, occurrences=tuple(moved(each, HOUR) for each in at[1:15]))
        reference = provider.create(series, MARKER).reference
        vendor.faults.add(method="PATCH", path=vendor.api, latency=0.25, times=100)
        for _ in range(6):
            try:
                provider.update(reference, spec, frozenset(provider.kept(spec)), MARKER)
                break
            except Temporary:
                continue
        vendor.faults.clear()
        assert [start for start, _ in vendor.instances()][1:15] == [each + HOUR for each in at[1:15]]

    @pytest.mark.parametrize("left", [OCCURRENCES[:1], OCCURRENCES[1:], ()], ids=["cancelled", "changed", "none"])
    def test_a_time_that_is_as_the_series_has_it_again_is_so(
        self, provider: ConferenceProvider, vendor: SeriesVendor, left: tuple[Occurrence, ...]
    ) -> None:
        old, new = replace(WEEKLY, occurrences=OCCURRENCES), replace(WEEKLY, occurrences=left)
        reference = provider.create(old, MARKER).reference
        provider.update(reference, new, changes(provider, old, new), MARKER)
        assert list(vendor.instances()) == as_told(new)

    def test_a_series_that_moves_keeps_what_differs(self, provider: ConferenceProvider, vendor: SeriesVendor) -> None:
        old = replace(WEEKLY, occurrences=OCCURRENCES[:1])
        later = [at + HOUR for at in TIMES]
        cancelled = (Occurrence(original=later[1]),)
        new = replace(old, start=SPEC.start + HOUR, end=SPEC.end + HOUR, occurrences=cancelled)
        reference = provider.create(old, MARKER).reference
        provider.update(reference, new, changes(provider, old, new), MARKER)
        assert [at for at, _ in vendor.instances()] == [later[0], *later[2:]]

    def test_dates_that_the_series_leaves_out_are_cancelled(
        self, provider: ConferenceProvider, vendor: SeriesVendor
    ) -> None:
        lines = (*WEEKLY.recurrence, "EXDATE;TZID=Europe/Berlin:20270308T100000")
        provider.create(fit(replace(SPEC, recurrence=lines), provider.capabilities), MARKER)
        assert [at for at, _ in vendor.instances()] == [TIMES[0], *TIMES[2:]]

    @pytest.mark.parametrize("method", ["DELETE", "PATCH"])
    def test_a_failure_between_the_series_and_its_times_is_ambiguous_and_mended(
        self, provider: ConferenceProvider, vendor: SeriesVendor, method: str
    ) -> None:
        spec = replace(WEEKLY, occurrences=OCCURRENCES)
        vendor.faults.add(method=method, path=vendor.api, status=500)
        with pytest.raises(Ambiguous, match="created meeting"):
            provider.create(spec, MARKER)
        (found,) = provider.find(MARKER, spec)
        provider.update(found.reference, spec, frozenset({"instances"}), MARKER)
        assert list(vendor.instances()) == KEPT

    @pytest.mark.parametrize(
        "lines",
        [("RRULE:FREQ=YEARLY",), ("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20270401T080000Z")],
        ids=["years", "dates"],
    )
    def test_what_is_no_series_at_the_vendor_has_no_single_times(
        self, provider: ConferenceProvider, vendor: SeriesVendor, lines: tuple[str, ...]
    ) -> None:
        spec = replace(SPEC, recurrence=lines, occurrences=(Occurrence(original=SPEC.start.astimezone(UTC)),))
        assert not provider.kept(spec)["instances"]
        vendor.faults.forget_requests()
        provider.create(spec, MARKER)
        calls: list[Any] = vendor.faults.requests(path=vendor.api)
        assert [call.method for call in calls] == ["POST"]
