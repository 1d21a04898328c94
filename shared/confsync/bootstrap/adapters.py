"""Which adapters stand behind the ports, by the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from confsync import config
from confsync.once import lazy

if TYPE_CHECKING:
    from confsync import ports
    from confsync.adapters.google_credentials import AccountCredentials
    from confsync.adapters.identity import GoogleIdentity
    from confsync.adapters.span_export import Send, SpanExport
    from confsync.web.callers import Verify


class Adapters:
    """The `Ports` of a deployed process, by its settings."""

    def __init__(self, settings: config.Settings) -> None:
        self._settings = settings

    @lazy
    def clock(self) -> ports.Clock:
        from confsync.adapters.system import SystemClock

        return SystemClock()

    @lazy
    def _access_token(self) -> Callable[[], str]:
        from confsync.adapters.access_token import RuntimeToken

        return RuntimeToken()

    @lazy
    def queue(self) -> ports.Queue:
        from confsync.adapters.cloud_tasks import CloudTasksQueue

        settings = self._settings
        return CloudTasksQueue(
            api=settings.queue.api,
            project=settings.google.project,
            location=settings.queue.location,
            queues=settings.queue.names,
            sync_url=settings.queue.sync_url,
            reconcile_url=settings.queue.reconcile_url,
            service_account=settings.queue.service_account,
            access_token=self._access_token,
        )

    @lazy
    def store(self) -> ports.Store:
        settings = self._settings
        if settings.store.kind == "sqlite":
            from confsync.adapters.sqlite import SqliteStore

            return SqliteStore(config.required("store.path", settings.store.path))
        from confsync.adapters.firestore import FirestoreStore

        return FirestoreStore(settings.google.project, settings.store.database, sharded=settings.store.sharded)

    @lazy
    def span_export(self) -> SpanExport | None:
        """None where this deployment tells nobody of its spans."""
        told, project = self._settings.tracing, self._settings.google.project
        if told.otlp_url is None:
            return None
        url, access_token = told.otlp_url, self._access_token if told.to_google else None
        from confsync.adapters.span_export import SpanExport

        def open_exporter() -> Send:
            from confsync.adapters.otlp import open_exporter

            return open_exporter(url, project=project, access_token=access_token)

        return SpanExport(open_exporter)

    @lazy
    def secrets(self) -> ports.Secrets:
        settings = self._settings
        if settings.secrets.kind == "file":
            from confsync.adapters.file_secrets import FileSecrets

            return FileSecrets(config.required("secrets.path", settings.secrets.path))
        from confsync.adapters.google_credentials import runtime_credentials
        from confsync.adapters.secret_manager import SecretManager

        return SecretManager(
            credentials=runtime_credentials(self._access_token),
            project=settings.google.project,
            api=settings.secrets.api,
            cache_seconds=settings.secrets.cache_seconds,
            clock=self.clock,
        )

    @lazy
    def grants(self) -> ports.Grants:
        from confsync.usecases.assembly import people_tokens

        return people_tokens(self, deadline=timedelta(seconds=self._settings.limits.provider_deadline))

    @lazy
    def sealer(self) -> ports.Sealer:
        from confsync.adapters.sealing import FernetSealer

        return FernetSealer(self.connection_keys)

    @lazy
    def connection_keys(self) -> tuple[bytes, ...]:
        """Of the functions that use people's own accounts."""
        return config.connection_keys()

    @lazy
    def logins(self) -> ports.Logins:
        from confsync.vendors import Applications

        return Applications(self._settings, self)

    @lazy
    def calendars(self) -> ports.Calendars:
        from confsync.adapters.google_calendar import GoogleCalendars

        settings = self._settings
        return GoogleCalendars(
            api=settings.google.calendar_api,
            credentials=self._calendar_credentials(),
            notifications_url=settings.channels.notifications_url,
            filter_watched_types=settings.channels.filter_event_types,
            clock=self.clock,
        )

    @lazy
    def drive(self) -> ports.Drive | None:
        """None where this deployment may not look at people's files."""
        google = self._settings.google
        if not google.drive:
            return None
        from confsync.adapters.google_drive import GoogleDrive

        return GoogleDrive(api=google.drive_api, credentials=self._calendar_credentials(), clock=self.clock)

    def _calendar_credentials(self) -> AccountCredentials:
        from confsync.adapters.google_credentials import ApplicationDefault, Delegation, OwnGrants

        google = self._settings.google
        match google.credentials:
            case "delegation":
                return Delegation(
                    service_account=config.required("google.service_account", google.service_account),
                    token_url=google.oauth_token_url,
                    iam_api=google.iam_api,
                )
            case "user":
                from confsync.vendors import LazyGrants

                return OwnGrants(LazyGrants(self))
            case "application-default":
                return ApplicationDefault()

    @lazy
    def providers(self) -> ports.Providers:
        from confsync.vendors import Vendors

        return Vendors(self._settings, self)

    @lazy
    def channel_keys(self) -> tuple[bytes, ...]:
        """Of the functions that open channels or hear of them; the others do not have that secret."""
        return config.channel_keys()

    @lazy
    def join_keys(self) -> tuple[bytes, ...]:
        """Of the functions that publish our addresses of meetings, or lead on from them."""
        return config.join_keys()

    @lazy
    def identity(self) -> GoogleIdentity:
        """Who an identity token is from."""
        from confsync.adapters.identity import GoogleIdentity

        return GoogleIdentity(self._settings.google.identity_certs_url, clock=self.clock)

    @property
    def verify(self) -> Verify:
        return self.identity.verify
