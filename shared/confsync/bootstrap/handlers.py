"""What one process serves, and what of it is built for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from confsync import config
from confsync.bootstrap.adapters import Adapters
from confsync.once import lazy
from confsync.usecases.assembly import Limits, UseCases
from confsync.web.endpoint import Answer, Call, Handler

if TYPE_CHECKING:
    from confsync.domain.access import Rule
    from confsync.domain.caller import Caller
    from confsync.usecases.create_conference import Created, CreateRequest
    from confsync.web.callers import ServiceCallers
    from confsync.web.people import People


class Process:
    """What one process serves. A function asks for its own handler, which builds what it needs and no more."""

    @lazy
    def settings(self) -> config.Settings:
        return config.load()

    @lazy
    def adapters(self) -> Adapters:
        return Adapters(self.settings)

    @lazy
    def usecases(self) -> UseCases:
        return UseCases(self.adapters, _limits(self.settings))

    @lazy
    def calendar_notifications(self) -> Handler:
        from confsync.web.notifications import notifications

        handler = notifications(self.usecases.receive_notification)
        self._spans_are_exported  # noqa: B018

        def handle(call: Call) -> Answer:
            try:
                return handler(call)
            except Exception:
                self._logs_are_configured  # noqa: B018 - now that there is something to log
                raise

        return handle

    @lazy
    def create_conference(self) -> Handler:
        from confsync.web import addon

        settings, callers = self.settings, self.settings.callers_of("create_conference")
        return self._logged(
            addon.create_conference(
                self._create,
                addon.AddonCallers(services=_callers(callers), clients=callers.clients),
                self.adapters.verify,
                solutions=settings.solutions.keys(),
                login_url=self._login_url,
                settings_url=self._settings_url,
                wrapper=settings.addon.action_wrapper,
            )
        )

    @lazy
    def sync_calendar(self) -> Handler:
        from confsync.web import tasks

        callers = _callers(self.settings.callers_of("sync_calendar"))
        return self._logged(tasks.sync_calendar(self.usecases.sync_calendar, callers, self.adapters.verify))

    @lazy
    def reconcile_conference(self) -> Handler:
        from confsync.web import tasks

        callers = _callers(self.settings.callers_of("reconcile_conference"))
        return self._logged(
            tasks.reconcile_conference(self.usecases.reconcile_conference, callers, self.adapters.verify)
        )

    @lazy
    def renew_channels(self) -> Handler:
        from confsync.web import tasks

        callers = _callers(self.settings.callers_of("renew_channels"))
        return self._logged(tasks.renew_channels(self.usecases.renew_channels, callers, self.adapters.verify))

    @lazy
    def join(self) -> Handler:
        from confsync.web.join import Pages

        told = self.settings.join
        url = config.required("join.url", told.url)
        people = self._people("join", url, told.client_id, told.authorize_url, self.adapters.join_keys)
        return self._logged(Pages(join=self.usecases.join_conference, people=people).handler())

    @lazy
    def connect(self) -> Handler:
        from confsync.web.connect import Pages

        told = self.settings.connect
        url = config.required("connect.url", told.url)
        client_id = config.required("connect.client_id", told.client_id)
        people = self._people("connect", url, client_id, told.authorize_url, self.adapters.connection_keys)
        return self._logged(Pages(accounts=self.usecases.connect_account, people=people).handler())

    @lazy
    def events(self) -> Handler:
        from confsync.web import reference
        from confsync.web.events import Api
        from confsync.web.rate import RateLimit

        told, ports = self.settings.events, self.adapters
        url = config.required("events.url", told.url)
        api = Api(
            read=self.usecases.read_events,
            create=self.usecases.create_event,
            change=self.usecases.change_event,
            delete=self.usecases.delete_event,
            verify=ports.verify,
            url=url,
            audiences=told.audiences or (url,),
            rules=[_rule(each) for each in told.access],
            limit=RateLimit(quota=told.requests_per_minute, now=ports.clock.now),
            now=ports.clock.now,
            reference=reference.ROUTES,
            own=self.usecases.read_events.own,
            workspace=self.settings.google.credentials == "delegation",
            connect_url=self._where_to_connect,
        )
        return self._logged(api.handler())

    def _where_to_connect(self, service: str, account: str, caller: Caller) -> str | None:
        """Where that account is connected. Only people themselves are told who they are, and only for a while."""
        from confsync.domain.connection import GOOGLE

        base = self.settings.connect.url
        vendor = GOOGLE if service == "google-calendar" else service
        if base is None or vendor not in self.adapters.logins.vendors():
            return None
        url = f"{base.rstrip('/')}/{vendor}/start"
        return self._connect_address(url, account) if account == caller.email else base

    def _people(self, area: str, url: str, client_id: str | None, authorize_url: str, keys: Sequence[bytes]) -> People:
        from confsync.web.people import People, SignIn
        from confsync.web.sealed import Seals

        ports = self.adapters
        sign_in = None
        if client_id is not None:
            sign_in = SignIn(client_id=client_id, authorize_url=authorize_url, verify=ports.identity.verify)
        return People(area=area, url=url, seals=Seals(keys=keys, now=ports.clock.now), sign_in=sign_in)

    def _create(self, request: CreateRequest) -> Created:
        """As the use case. Where calendars are reached by people's own grants, the token that comes with the question
        is not enough: it makes a meeting that would then not follow its event."""
        by_grant = self.settings.google.credentials == "user"
        return self.usecases.create_conference(replace(request, user_token=None) if by_grant else request)

    def _login_url(self, service: str, solution_id: str, email: str) -> str | None:
        """Where a person connects the account that is needed, which may be Google's own: for a while, with who they
        are."""
        from confsync.domain.connection import GOOGLE

        solution, base = self.settings.solutions[solution_id], self.settings.connect.url
        vendor = GOOGLE if service == GOOGLE else solution.provider if solution.personal else None
        if vendor is None or base is None:
            return solution.login_url
        return self._connect_address(f"{base.rstrip('/')}/{vendor}/start", email)

    def _settings_url(self, email: str) -> str:
        """Where a person sees their accounts: for a while, with who they are."""
        return self._connect_address(config.required("connect.url", self.settings.connect.url), email)

    def _connect_address(self, url: str, email: str) -> str:
        from confsync.web.sealed import Seals, address_for

        return address_for(url, email, Seals(keys=self.adapters.connection_keys, now=self.adapters.clock.now))

    def _logged(self, handler: Handler) -> Handler:
        """The handler, with JSON logs whose lines carry the request's trace id."""
        from confsync import logs

        self._logs_are_configured  # noqa: B018
        self._spans_are_exported  # noqa: B018

        def handle(call: Call) -> Answer:
            with logs.traced(call.trace):
                return handler(call)

        return handle

    @lazy
    def _logs_are_configured(self) -> bool:
        from confsync import logs

        logs.configure(self.settings.google.project)
        return True

    @lazy
    def _spans_are_exported(self) -> bool:
        from confsync import tracing

        tracing.export_to(self.adapters.span_export)
        return True


def _callers(callers: config.Callers) -> ServiceCallers:
    from confsync.web.callers import ServiceCallers

    return ServiceCallers(audiences=callers.audiences, service_accounts=callers.service_accounts)


def _rule(told: config.Access) -> Rule:
    from confsync.domain.access import Right, Rule

    return Rule(callers=told.callers, calendars=told.calendars, right=Right(told.may), account=told.account)


def _limits(settings: config.Settings) -> Limits:
    days, hours = settings.sweep.full_sync_days, settings.sweep.check_hours
    watched = settings.sweep.watched_interval
    return Limits(
        lease=timedelta(seconds=settings.limits.lease),
        provider_deadline=timedelta(seconds=settings.limits.provider_deadline),
        calendar_interval=timedelta(seconds=settings.sweep.calendar_interval),
        watched_interval=timedelta(seconds=watched) if watched else None,
        full_sync_window=timedelta(days=days) if days else None,
        check_every=timedelta(hours=hours) if hours else None,
        channel_ttl=timedelta(seconds=settings.channels.ttl),
        coalesce=settings.channels.coalesce_seconds,
        inline_renewals=settings.sweep.inline_renewals,
        batch=settings.sweep.batch,
        per_second=settings.sweep.per_second,
        threads=settings.sweep.threads,
        write_mode=settings.google.conference_data,
        own_services=[(each.name, each.pattern) for each in settings.detection.services],
        join_url=settings.join.url,
        own_copies=frozenset(name for name, each in settings.solutions.items() if each.copies == "new"),
    )
