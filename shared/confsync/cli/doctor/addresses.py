"""Whether every address outside answers, by a GET without credentials; and Google's clock."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from confsync import config
from confsync.cli.deployment import Deployment
from confsync.cli.doctor.asking import ask
from confsync.cli.doctor.finding import Check, Finding, fail, ok, warn
from confsync.domain.errors import PermissionDenied
from confsync.providers import PROVIDERS, login, vendor
from confsync.transport.errors import origin

NOTICED, TOO_MUCH = timedelta(seconds=5), timedelta(seconds=30)
"""Identity tokens are good for half a minute before and after their life (see `adapters.identity`)."""
NETWORK = "look at DNS, the proxy and the firewall between here and there"


def checks(deployment: Deployment) -> Iterator[Check]:
    """One for each server, named after the keys of the configuration that lead there; and one of the clock."""
    settings = deployment.settings
    servers: dict[str, list[str]] = defaultdict(list)
    private: set[str] = set()
    for key, url in _google(settings):
        servers[url].append(key)
        private.add(url)
    for solution_id, solution in settings.solutions.items():
        for key, url in _vendor(solution):
            servers[url].append(f"solutions.{solution_id}.{key}")
            private |= {url} if solution.private else set()
    for url, keys in servers.items():
        yield Check(name=f"address {url}", look=_answers(url, keys, private=url in private), mend=NETWORK)
    yield Check(name="clock", look=lambda: _clock(deployment), mend=NETWORK)


def _google(settings: config.Settings) -> Iterator[tuple[str, str]]:
    """Key and server of what is Google's, as far as it is used."""
    google = settings.google
    used = {
        "google.calendar_api": google.calendar_api,
        "google.oauth_token_url": google.oauth_token_url,
        "google.identity_certs_url": google.identity_certs_url,
        "google.iam_api": google.iam_api if google.credentials == "delegation" else "",
        "google.drive_api": google.drive_api if google.drive else "",
        "queue.api": settings.queue.api,
        "tracing.otlp_url": settings.tracing.otlp_url or "",
        "secrets.api": settings.secrets.api if settings.secrets.kind == "secret-manager" else "",
    }
    return _servers(used)


def _vendor(solution: config.SolutionSettings) -> Iterator[tuple[str, str]]:
    """Key and server of what the solution's calls go to."""
    if solution.provider not in PROVIDERS:
        return
    told = {key: getattr(solution, key) or default for key, default in vendor(solution.provider).addresses.items()}
    people = login(solution.provider) if solution.personal else None
    if people is not None:
        told.pop("token_url", None)
        told["login.token_url"] = solution.login.token_url or people.token_url
    yield from _servers(told)


def _servers(urls: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((key, server) for key, url in urls.items() if (server := origin(url)) is not None)


def _answers(url: str, keys: list[str], *, private: bool) -> Callable[[], Finding]:
    def look() -> Finding:
        try:
            answer = ask(url, private=private)
        except PermissionDenied as error:
            return fail(str(error), "if it is in a private network of yours, say `private = true` in its solution")
        if answer.status >= 500:
            return warn(f"answers {answer.status} ({', '.join(keys)})", "wait, or look at its operator's status page")
        return ok(f"answers ({', '.join(keys)})")

    return look


def _clock(deployment: Deployment) -> Finding:
    before = deployment.adapters.clock.now()
    answer = ask(deployment.settings.google.identity_certs_url)
    after = deployment.adapters.clock.now()
    try:
        google = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return warn("Google's answer has no date", "look again: python -m confsync doctor")
    return skew(google, before, after)


def skew(google: datetime, before: datetime, after: datetime) -> Finding:
    """How far this machine's clock, before and after the answer, is from Google's, which tells whole seconds."""
    off = max(google - after, before - google - timedelta(seconds=1), timedelta(0))
    told = f"this machine's clock is {off.total_seconds():.0f} s from Google's"
    mend = "set it by NTP: tokens that it signs or reads are not yet good, or not any more"
    if off > TOO_MUCH:
        return fail(told, mend)
    return warn(told, mend) if off > NOTICED else ok(told)
