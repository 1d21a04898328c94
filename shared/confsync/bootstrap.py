"""The only place that builds objects: one door per function, each of which builds what that function needs and no more.

Imports are inside the builders, so that the notification function loads neither Firestore nor the Calendar client.
Everything is built once per process, on the first request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from confsync import config
from confsync.domain.errors import NotConfigured
from confsync.web.endpoint import Answer, Call, Handler

if TYPE_CHECKING:
    from confsync import ports
    from confsync.domain.solution import Solution
    from confsync.usecases.open_channel import OpenChannel
    from confsync.usecases.reconcile_conference import ReconcileConference
    from confsync.web.callers import ServiceCallers, Verify


# --- one door per function -------------------------------------------------------------------------------------------


@cache
def calendar_notifications() -> Handler:
    """The handler of Calendar's push notifications. Raises `NotConfigured`, like all of these."""
    from confsync.usecases.receive_notification import ReceiveNotification
    from confsync.web.notifications import notifications

    handler = notifications(
        ReceiveNotification(
            queue=_queue(),
            clock=_clock(),
            keys=config.channel_keys(),
            coalesce=_settings().channels.coalesce_seconds,
        )
    )

    def handle(call: Call) -> Answer:
        try:
            return handler(call)
        except Exception:
            _configure_logs()  # now that there is something to log
            raise

    return handle


@cache
def create_conference() -> Handler:
    """The handler of the add-on's requests."""
    from confsync.usecases.create_conference import CreateConference
    from confsync.web import addon

    settings = _settings()
    callers = settings.callers.create_conference
    return _logged(
        addon.create_conference(
            CreateConference(
                store=_store(),
                calendars=_calendars(),
                providers=_providers(),
                queue=_queue(),
                clock=_clock(),
                reconcile=_reconcile(),
                provider_deadline=timedelta(seconds=settings.limits.provider_deadline),
            ),
            addon.AddonCallers(services=_callers(callers), clients=callers.clients),
            _verify(),
            solutions=settings.solutions.keys(),
            login_url=lambda solution: settings.solutions[solution].login_url,
            wrapper=settings.addon.action_wrapper,
        )
    )


@cache
def sync_calendar() -> Handler:
    """The handler of sync tasks."""
    from confsync.usecases.sync_calendar import SyncCalendar
    from confsync.web import tasks

    settings = _settings()
    sync = SyncCalendar(
        store=_store(),
        calendars=_calendars(),
        queue=_queue(),
        clock=_clock(),
        channels=_channels(),
        lease=timedelta(seconds=settings.limits.lease),
        interval=timedelta(seconds=settings.sweep.calendar_interval),
        window=timedelta(days=settings.sweep.full_sync_days) if settings.sweep.full_sync_days else None,
    )
    return _logged(tasks.sync_calendar(sync, _callers(settings.callers.sync_calendar), _verify()))


@cache
def reconcile_conference() -> Handler:
    """The handler of reconcile tasks."""
    from confsync.web import tasks

    callers = _callers(_settings().callers.reconcile_conference)
    return _logged(tasks.reconcile_conference(_reconcile(), callers, _verify()))


@cache
def renew_channels() -> Handler:
    """The handler of the scheduled sweep."""
    from confsync.usecases.renew_channels import RenewChannels
    from confsync.web import tasks

    settings = _settings()
    renew = RenewChannels(
        store=_store(),
        queue=_queue(),
        clock=_clock(),
        channels=_channels(),
        inline=settings.sweep.inline_renewals,
        batch=settings.sweep.batch,
    )
    return _logged(tasks.renew_channels(renew, _callers(settings.callers.renew_channels), _verify()))


# --- parts -----------------------------------------------------------------------------------------------------------


@cache
def _settings() -> config.Settings:
    return config.load()


@cache
def _clock() -> ports.Clock:
    from confsync.adapters.system import SystemClock

    return SystemClock()


@cache
def _access_token() -> Callable[[], str]:
    from confsync.adapters.access_token import RuntimeToken

    return RuntimeToken()


@cache
def _queue() -> ports.Queue:
    from confsync.adapters.cloud_tasks import CloudTasksQueue

    settings = _settings()
    return CloudTasksQueue(
        api=settings.queue.api,
        project=settings.google.project,
        location=settings.queue.location,
        queue=settings.queue.name,
        sync_url=settings.queue.sync_url,
        reconcile_url=settings.queue.reconcile_url,
        service_account=settings.queue.service_account,
        access_token=_access_token(),
    )


@cache
def _store() -> ports.Store:
    settings = _settings()
    if settings.store.kind == "sqlite":
        from confsync.adapters.sqlite import SqliteStore

        return SqliteStore(config.required("store.path", settings.store.path))
    from confsync.adapters.firestore import FirestoreStore

    return FirestoreStore(settings.google.project, settings.store.database)


@cache
def _secrets() -> ports.Secrets:
    settings = _settings()
    if settings.secrets.kind == "file":
        from confsync.adapters.file_secrets import FileSecrets

        return FileSecrets(config.required("secrets.path", settings.secrets.path))
    from confsync.adapters.google_credentials import runtime_credentials
    from confsync.adapters.secret_manager import SecretManager

    return SecretManager(
        credentials=runtime_credentials(_access_token()),
        project=settings.google.project,
        api=settings.secrets.api,
        cache_seconds=settings.secrets.cache_seconds,
        clock=_clock(),
    )


@cache
def _calendars() -> ports.Calendars:
    from confsync.adapters.google_calendar import GoogleCalendars
    from confsync.adapters.google_credentials import AccountCredentials, ApplicationDefault, Delegation

    settings = _settings()
    google = settings.google
    credentials: AccountCredentials = (
        Delegation(
            service_account=config.required("google.service_account", google.service_account),
            token_url=google.oauth_token_url,
            iam_api=google.iam_api,
        )
        if google.credentials == "delegation"
        else ApplicationDefault()
    )
    return GoogleCalendars(
        api=google.calendar_api,
        credentials=credentials,
        notifications_url=settings.channels.notifications_url,
        clock=_clock(),
    )


class _Providers:
    """The configured solutions; each provider is built when it is first asked for."""

    def __init__(self, settings: config.Settings) -> None:
        self._settings = settings
        self._built: dict[str, ports.ConferenceProvider] = {}

    def solution(self, solution_id: str) -> Solution:
        return self._configured(solution_id).solution(solution_id)

    def provider(self, solution_id: str) -> ports.ConferenceProvider:
        if solution_id not in self._built:
            from confsync.providers import ProviderConfig, build

            each = self._configured(solution_id)
            deadline = timedelta(seconds=self._settings.limits.provider_deadline)
            reached = ProviderConfig(secret=each.secret, api=each.api, token_url=each.token_url, deadline=deadline)
            self._built[solution_id] = build(each.solution(solution_id), reached, _secrets(), _clock())
        return self._built[solution_id]

    def _configured(self, solution_id: str) -> config.SolutionSettings:
        if solution_id not in self._settings.solutions:
            raise NotConfigured(f"solutions.{solution_id} is not in the configuration; it may have been removed")
        return self._settings.solutions[solution_id]


@cache
def _providers() -> ports.Providers:
    return _Providers(_settings())


@cache
def _channels() -> OpenChannel:
    from confsync.usecases.open_channel import OpenChannel

    return OpenChannel(
        store=_store(),
        calendars=_calendars(),
        clock=_clock(),
        keys=config.channel_keys(),
        ttl=timedelta(seconds=_settings().channels.ttl),
    )


@cache
def _reconcile() -> ReconcileConference:
    from confsync.domain.calendar import WriteMode
    from confsync.usecases.collect_provisional import CollectProvisional
    from confsync.usecases.publish_conference import PublishConference
    from confsync.usecases.reconcile_conference import ReconcileConference

    settings = _settings()
    return ReconcileConference(
        store=_store(),
        providers=_providers(),
        queue=_queue(),
        clock=_clock(),
        publish=PublishConference(
            store=_store(),
            calendars=_calendars(),
            providers=_providers(),
            mode=WriteMode(settings.google.conference_data),
        ),
        collect=CollectProvisional(store=_store(), calendars=_calendars(), clock=_clock()),
        lease=timedelta(seconds=settings.limits.lease),
    )


@cache
def _verify() -> Verify:
    from confsync.adapters.identity import GoogleIdentity

    return GoogleIdentity(_settings().google.identity_certs_url, clock=_clock()).verify


def _callers(callers: config.Callers) -> ServiceCallers:
    from confsync.web.callers import ServiceCallers

    return ServiceCallers(audiences=callers.audiences, service_accounts=callers.service_accounts)


def _logged(handler: Handler) -> Handler:
    """The handler, with JSON logs whose lines carry the request's trace id."""
    from confsync import logs

    _configure_logs()

    def handle(call: Call) -> Answer:
        with logs.traced(call.trace):
            return handler(call)

    return handle


@cache
def _configure_logs() -> None:
    from confsync import logs

    logs.configure(_settings().google.project)
