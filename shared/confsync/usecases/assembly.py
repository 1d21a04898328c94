"""Every use case over the same ports: what production, simulation, tests and benchmarks all are made of.

A use case is built when it is first asked for, and only then is its module imported: a function loads what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from confsync.once import lazy

if TYPE_CHECKING:
    from confsync.domain.own_service import OwnService
    from confsync.ports import Calendars, Clock, Drive, Logins, Providers, Queue, Sealer, Store
    from confsync.usecases.change_event import ChangeEvent
    from confsync.usecases.channels.watch_channels import WatchChannels
    from confsync.usecases.connect_account import ConnectAccount
    from confsync.usecases.connecting.dependents import Dependents
    from confsync.usecases.connecting.dropped_grants import DroppedGrants
    from confsync.usecases.connecting.leave_account import LeaveAccount
    from confsync.usecases.connecting.people_tokens import PeopleTokens
    from confsync.usecases.create_conference import CreateConference
    from confsync.usecases.create_event import CreateEvent
    from confsync.usecases.delete_event import DeleteEvent
    from confsync.usecases.join_conference import JoinConference
    from confsync.usecases.making.choose_conference import ChooseConference
    from confsync.usecases.making.settle_conference import SettleConference
    from confsync.usecases.read_events import ReadEvents
    from confsync.usecases.receive_notification import ReceiveNotification
    from confsync.usecases.reconcile_conference import ReconcileConference
    from confsync.usecases.reconciling.give_up_links import GiveUpLinks
    from confsync.usecases.reconciling.publish_conference import PublishConference
    from confsync.usecases.renew_channels import RenewChannels
    from confsync.usecases.sync_calendar import SyncCalendar
    from confsync.usecases.writing.event_writer import EventWriter
    from confsync.usecases.writing.wishes import Wishes


class Ports(Protocol):
    """What is outside. Each port is asked for when a use case needs it."""

    @property
    def clock(self) -> Clock: ...
    @property
    def store(self) -> Store: ...
    @property
    def calendars(self) -> Calendars: ...
    @property
    def providers(self) -> Providers: ...
    @property
    def queue(self) -> Queue: ...
    @property
    def join_keys(self) -> Sequence[bytes]:
        """The ring that signs our addresses of meetings, newest first; a secret that not every function has."""
        ...

    @property
    def sealer(self) -> Sealer: ...
    @property
    def logins(self) -> Logins: ...
    @property
    def drive(self) -> Drive | None:
        """None where this deployment may not look at people's files."""
        ...

    @property
    def channel_keys(self) -> Sequence[bytes]:
        """The ring that signs channel tokens, newest first; a secret that not every function has."""
        ...


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Times and sizes by which the use cases go."""

    lease: timedelta = timedelta(seconds=60)
    """How long a worker has a calendar or a conference to itself; it outlives several provider calls."""
    provider_deadline: timedelta = timedelta(seconds=8)
    """Within this one call of a provider is over."""
    calendar_interval: timedelta = timedelta(minutes=15)
    """When the sweep looks at a calendar though no notification came."""
    watched_interval: timedelta | None = None
    """The same while its channel tells of all that changes; None: no longer."""
    full_sync_window: timedelta | None = None
    """How far back a full list of a calendar goes; None: to the beginning."""
    check_every: timedelta | None = None
    """About how often a meeting at a vendor is compared with what was applied; None: never."""
    channel_ttl: timedelta = timedelta(days=7)
    """For how long a watch channel is asked for."""
    coalesce: float = 1.0
    """In seconds: notifications within it become one sync."""
    inline_renewals: int = 20
    """How many channels a sweep renews itself; the rest goes to the queue."""
    batch: int = 10_000
    """How many things of each kind a sweep hands out."""
    per_second: float = 20
    """How many tasks of each kind a sweep has begin in a second."""
    threads: int = 1
    """How many hand out at once in a sweep."""
    write_mode: str = "auto"
    """How details get onto events (see `WriteMode`)."""
    own_copies: frozenset[str] = frozenset()
    """Ids of the solutions of which a copied event gets a conference of its own; of others it shares one."""
    own_services: Sequence[tuple[str, str]] = ()
    """Conferencing systems of one's own, by name and pattern of links, besides those that everybody knows."""
    join_url: str | None = None
    """Our address that leads each person on to their own link, for vendors that need one."""


class UseCases:
    """Each use case, built once."""

    def __init__(self, ports: Ports, limits: Limits) -> None:
        self._ports = ports
        self._limits = limits

    # --- what is deployed --------------------------------------------------------------------------------------------

    @lazy
    def receive_notification(self) -> ReceiveNotification:
        from confsync.usecases.receive_notification import ReceiveNotification

        return ReceiveNotification(
            queue=self._ports.queue,
            clock=self._ports.clock,
            keys=self._ports.channel_keys,
            coalesce=self._limits.coalesce,
        )

    @lazy
    def create_conference(self) -> CreateConference:
        from confsync.usecases.create_conference import CreateConference

        return CreateConference(
            calendars=self._ports.calendars,
            providers=self._ports.providers,
            choose=self.choose_conference,
            settle=self.settle_conference,
        )

    @lazy
    def sync_calendar(self) -> SyncCalendar:
        from confsync.usecases.sync_calendar import SyncCalendar
        from confsync.usecases.syncing.fail_sync import FailSync
        from confsync.usecases.syncing.lost_calendar import HandOverCalendar
        from confsync.usecases.syncing.remove_calendar import RemoveCalendar

        store, calendars, clock = self._ports.store, self._ports.calendars, self._ports.clock
        return SyncCalendar(
            store=store,
            calendars=calendars,
            queue=self._ports.queue,
            clock=clock,
            channels=self.channels,
            fail=FailSync(
                store=store,
                queue=self._ports.queue,
                clock=clock,
                channels=self.channels,
                hand_over=HandOverCalendar(store=store, calendars=calendars, clock=clock),
                remove=RemoveCalendar(store=store, calendars=calendars, clock=clock),
            ),
            lease=self._limits.lease,
            interval=self._limits.calendar_interval,
            watched_interval=self._limits.watched_interval or self._limits.calendar_interval,
            window=self._limits.full_sync_window,
            own_copies=self._limits.own_copies,
        )

    @lazy
    def reconcile_conference(self) -> ReconcileConference:
        from confsync.usecases.reconcile_conference import ReconcileConference
        from confsync.usecases.reconciling.budgets import Budgets
        from confsync.usecases.reconciling.hosts import Hosts

        return ReconcileConference(
            store=self._ports.store,
            providers=self._ports.providers,
            queue=self._ports.queue,
            clock=self._ports.clock,
            publish=self.publish_conference,
            give_up_links=self.give_up_links,
            budgets=Budgets(store=self._ports.store, clock=self._ports.clock, providers=self._ports.providers),
            hosts=Hosts(store=self._ports.store, clock=self._ports.clock),
            lease=self._limits.lease,
            check_every=self._limits.check_every,
            join_link=self._join_link,
        )

    @lazy
    def join_conference(self) -> JoinConference:
        from confsync.usecases.join_conference import JoinConference

        return JoinConference(
            store=self._ports.store,
            providers=self._ports.providers,
            queue=self._ports.queue,
            clock=self._ports.clock,
            keys=self._ports.join_keys,
        )

    @lazy
    def renew_channels(self) -> RenewChannels:
        from confsync.usecases.renew_channels import RenewChannels

        return RenewChannels(
            store=self._ports.store,
            queue=self._ports.queue,
            clock=self._ports.clock,
            channels=self.channels,
            leave=lambda: self.leave_account,
            tokens=lambda: self._people_tokens,
            inline=self._limits.inline_renewals,
            batch=self._limits.batch,
            per_second=self._limits.per_second,
            threads=self._limits.threads,
        )

    @lazy
    def connect_account(self) -> ConnectAccount:
        from confsync.usecases.connect_account import ConnectAccount

        return ConnectAccount(
            store=self._ports.store,
            clock=self._ports.clock,
            sealer=self._ports.sealer,
            logins=self._ports.logins,
            dependents=self.dependents,
            leave=self.leave_account,
            dropped=self.dropped_grants,
        )

    @lazy
    def read_events(self) -> ReadEvents:
        from confsync.usecases.read_events import ReadEvents

        return ReadEvents(
            store=self._ports.store,
            calendars=self._ports.calendars,
            providers=self._ports.providers,
            clock=self._ports.clock,
            own=self._own_services,
        )

    @lazy
    def create_event(self) -> CreateEvent:
        from confsync.usecases.create_event import CreateEvent
        from confsync.usecases.writing.repeats import Repeats

        store = self._ports.store
        repeats = Repeats(store=store, clock=self._ports.clock)
        return CreateEvent(store=store, repeats=repeats, writer=self._event_writer)

    @lazy
    def change_event(self) -> ChangeEvent:
        from confsync.usecases.change_event import ChangeEvent

        return ChangeEvent(store=self._ports.store, writer=self._event_writer)

    @lazy
    def delete_event(self) -> DeleteEvent:
        from confsync.usecases.delete_event import DeleteEvent

        return DeleteEvent(writer=self._event_writer)

    @lazy
    def _event_writer(self) -> EventWriter:
        from confsync.domain.calendar import WriteMode
        from confsync.usecases.writing.attachments import Attachments
        from confsync.usecases.writing.event_writer import EventWriter
        from confsync.usecases.writing.put_conference import PutConference

        store = self._ports.store
        return EventWriter(
            store=store,
            calendars=self._ports.calendars,
            queue=self._ports.queue,
            wishes=self._wishes,
            attachments=Attachments(drive=self._ports.drive),
            put=PutConference(store=store, mode=WriteMode(self._limits.write_mode)),
            own=self._own_services,
        )

    @lazy
    def _wishes(self) -> Wishes:
        from confsync.usecases.writing.wishes import Wishes

        return Wishes(
            store=self._ports.store,
            calendars=self._ports.calendars,
            providers=self._ports.providers,
            clock=self._ports.clock,
            choose=self.choose_conference,
            settle=self.settle_conference,
            own=self._own_services,
        )

    @lazy
    def _own_services(self) -> tuple[OwnService, ...]:
        from confsync.domain.own_service import OwnService

        return tuple(OwnService(name=name, pattern=pattern) for name, pattern in self._limits.own_services)

    def _join_link(self, conference_id: str) -> str:
        from confsync.domain.errors import NotConfigured
        from confsync.domain.joining import token

        if self._limits.join_url is None:
            raise NotConfigured("join.url is missing: each person needs a link of their own, to which it leads on")
        return f"{self._limits.join_url.rstrip('/')}/{token(self._ports.join_keys, conference_id)}"

    # --- parts that several have -------------------------------------------------------------------------------------

    @lazy
    def choose_conference(self) -> ChooseConference:
        from confsync.usecases.making.choose_conference import ChooseConference

        return ChooseConference(store=self._ports.store, queue=self._ports.queue, clock=self._ports.clock)

    @lazy
    def settle_conference(self) -> SettleConference:
        from confsync.usecases.making.settle_conference import SettleConference

        return SettleConference(
            clock=self._ports.clock,
            reconcile=self.reconcile_conference,
            provider_deadline=self._limits.provider_deadline,
        )

    @lazy
    def channels(self) -> WatchChannels:
        from confsync.usecases.channels.watch_channels import WatchChannels

        return WatchChannels(
            store=self._ports.store,
            calendars=self._ports.calendars,
            clock=self._ports.clock,
            keys=self._ports.channel_keys,
            ttl=self._limits.channel_ttl,
        )

    @lazy
    def publish_conference(self) -> PublishConference:
        from confsync.domain.calendar import WriteMode
        from confsync.usecases.reconciling.publish_conference import PublishConference

        return PublishConference(
            store=self._ports.store,
            calendars=self._ports.calendars,
            providers=self._ports.providers,
            mode=WriteMode(self._limits.write_mode),
        )

    @lazy
    def give_up_links(self) -> GiveUpLinks:
        from confsync.usecases.reconciling.give_up_links import GiveUpLinks

        return GiveUpLinks(store=self._ports.store, calendars=self._ports.calendars, clock=self._ports.clock)

    @lazy
    def leave_account(self) -> LeaveAccount:
        from confsync.usecases.connecting.leave_account import LeaveAccount

        return LeaveAccount(
            store=self._ports.store,
            calendars=self._ports.calendars,
            queue=self._ports.queue,
            clock=self._ports.clock,
            sealer=self._ports.sealer,
            logins=self._ports.logins,
            dependents=self.dependents,
            dropped=self.dropped_grants,
            reconcile=lambda: self.reconcile_conference,
        )

    @lazy
    def dropped_grants(self) -> DroppedGrants:
        from confsync.usecases.connecting.dropped_grants import DroppedGrants

        return DroppedGrants(logins=self._ports.logins, sealer=self._ports.sealer)

    @lazy
    def _people_tokens(self) -> PeopleTokens:
        return people_tokens(self._ports, deadline=self._limits.provider_deadline)

    @lazy
    def dependents(self) -> Dependents:
        return _dependents(self._ports)


def people_tokens(ports: Ports, *, deadline: timedelta = timedelta(0)) -> PeopleTokens:
    """The `Grants` port, which providers use: so it can't be among what is built of them.

    `deadline`: of one call to a vendor. Half a lease has to be left for that.
    """
    from confsync.usecases.connecting.people_tokens import LEASE, PeopleTokens

    return PeopleTokens(
        store=ports.store,
        sealer=ports.sealer,
        logins=ports.logins,
        clock=ports.clock,
        dependents=_dependents(ports),
        lease=max(LEASE, 3 * deadline),
    )


def _dependents(ports: Ports) -> Dependents:
    from confsync.usecases.connecting.dependents import Dependents

    return Dependents(store=ports.store, providers=ports.providers, queue=ports.queue, clock=ports.clock)
