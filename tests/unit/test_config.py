"""Settings: what is accepted, and that what is not names its key."""

import re
import tomllib
from pathlib import Path

import pytest

from confsync import config
from confsync.domain.errors import NotConfigured
from confsync.domain.solution import Solution
from confsync.providers import PROVIDERS

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config" / "example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def with_lines(section: str, *lines: str) -> str:
    """The example with more lines in that section."""
    if f"[{section}]" not in TEXT:
        return "\n".join([TEXT, f"[{section}]", *lines])
    return TEXT.replace(f"[{section}]", "\n".join([f"[{section}]", *lines]), 1)


def without(section: str, key: str) -> str:
    """The example without that key."""
    head, found, rest = TEXT.partition(f"[{section}]")
    assert found
    changed = re.sub(rf"^{key} = .*$", "", rest, count=1, flags=re.MULTILINE)
    assert changed != rest
    return head + found + changed


# --- the example -----------------------------------------------------------------------------------------------------


def test_the_example_is_accepted() -> None:
    settings = config.load({config.CONFIG_VARIABLE: str(EXAMPLE)})
    assert settings.solutions.keys() == set(PROVIDERS), "it shows every provider"
    assert {each.provider for each in settings.solutions.values()} == set(PROVIDERS)
    assert settings.limits.lease >= 3 * settings.limits.provider_deadline


def test_the_example_holds_secret_names_and_no_secret() -> None:
    settings = config.parse(TEXT)
    assert all(re.fullmatch(r"confsync-[a-z-]+", each.secret or "") for each in settings.solutions.values())
    assert not re.search(r"PRIVATE KEY|client_secret|password", TEXT)


def test_outside_addresses_default_to_the_real_ones() -> None:
    settings = config.parse(TEXT)
    addresses = [
        settings.google.calendar_api,
        settings.google.oauth_token_url,
        settings.google.iam_api,
        settings.google.identity_certs_url,
        settings.queue.api,
        settings.secrets.api,
    ]
    assert all(re.match(r"https://[a-z0-9.]+\.googleapis\.com", address) for address in addresses)


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        config.parse(TEXT).store.kind = "sqlite"  # type: ignore[misc]


def test_more_queues_keep_the_names_of_those_there_were() -> None:
    names = [config.parse(with_lines("queue", f"number = {number}")).queue.names for number in (1, 2, 4)]
    assert names == [
        ("confsync",),
        ("confsync", "confsync-2"),
        ("confsync", "confsync-2", "confsync-3", "confsync-4"),
    ]


def test_shards_are_for_firestore() -> None:
    assert config.parse(with_lines("store", "sharded = true")).store.sharded
    with pytest.raises(NotConfigured, match=r"store\.sharded"):
        config.parse(with_lines("store", "sharded = true").replace('"firestore"', '"sqlite"'))


def test_a_solution_is_what_the_rest_knows() -> None:
    settings = config.parse(
        with_lines("solutions.zoom", 'icon_url = "https://example.com/z.png"', "settings = { a = 1 }")
    )
    assert settings.solutions["zoom"].solution("zoom") == Solution(
        id="zoom", name="Zoom", provider="zoom", icon_uri="https://example.com/z.png", settings={"a": 1}
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ()),
        ('hosts = "organizer"', ()),
        ('hosts = "rooms@example.com"', ("rooms@example.com",)),
        ('hosts = ["a@example.com", "b@example.com"]', ("a@example.com", "b@example.com")),
    ],
)
def test_who_hosts(line: str, expected: tuple[str, ...]) -> None:
    at_once = 2 if expected else 1
    settings = config.parse(
        with_lines("solutions.zoom", line, "personal = true", f"at_once = {at_once}", 'copies = "new"')
    )
    solution = settings.solutions["zoom"].solution("zoom")
    assert (solution.hosts, solution.personal, solution.at_once) == (expected, True, at_once)


@pytest.mark.parametrize(
    "line",
    [
        "hosts = []",
        'hosts = ""',
        'hosts = [""]',
        'hosts = "everyone"',
        'hosts = ["a@example.com", "A@example.com"]',
        "at_once = 0",
        "at_once = 2",
        'copies = "never"',
        'api = "nonsense"',
        'api = "http://example.com/v2"',
        'token_url = "ftp://example.com"',
        'login = { authorize_url = "http://example.com" }',
        "login = { idle_days = 0 }",
    ],
)
def test_a_solution_that_can_not_be_is_named_with_its_key(line: str) -> None:
    with pytest.raises(NotConfigured, match=rf"solutions\.zoom.*{line.split()[0]}"):
        config.parse(with_lines("solutions.zoom", line))


def test_what_a_key_can_be_is_told() -> None:
    with pytest.raises(NotConfigured, match=r"one of 'share', 'new'"):
        config.parse(with_lines("solutions.zoom", 'copies = "never"'))


# --- mistakes --------------------------------------------------------------------------------------------------------

SECTIONS = ["google", "store", "queue", "secrets", "channels", "sweep", "limits", "addon"]
TABLES = [*SECTIONS, "callers.sync_calendar", "solutions.zoom"]


@pytest.mark.parametrize("section", TABLES)
def test_an_unknown_key_is_named_with_its_section(section: str) -> None:
    with pytest.raises(NotConfigured, match="`clor`") as refused:
        config.parse(with_lines(section, 'clor = "red"'))
    # msgspec says [...] for the key of a free table
    free = re.sub(r"^callers\..*", "callers[...]", section)
    assert re.search(rf"`?{re.escape(free)}[`:]", str(refused.value))


def test_a_function_without_callers_is_named_when_it_is_asked_for_and_not_before() -> None:
    settings = config.parse(re.sub(r"\[callers\.renew_channels\].*?(?=^\[|\Z)", "", TEXT, flags=re.M | re.S))
    assert settings.callers_of("sync_calendar").audiences
    with pytest.raises(NotConfigured, match=r"callers\.renew_channels is missing"):
        settings.callers_of("renew_channels")


def test_callers_of_a_function_that_is_new_break_nothing() -> None:
    text = TEXT + '\n[callers.connect]\naudiences = ["https://a"]\nservice_accounts = []\n'
    assert config.parse(text).callers_of("connect").audiences == ("https://a",)


@pytest.mark.parametrize(
    ("told", "to_google"),
    [
        ("https://telemetry.googleapis.com/v1/traces", True),
        ("https://collector.example.com/v1/traces", False),
        ("https://telemetry.googleapis.com.example.com/v1/traces", False),
    ],
)
def test_only_google_is_told_which_account_tells_its_spans(told: str, to_google: bool) -> None:
    settings = config.parse(f'{TEXT}\n[tracing]\notlp_url = "{told}"\n')
    assert (settings.tracing.otlp_url, settings.tracing.to_google) == (told, to_google)
    assert not config.parse(TEXT).tracing.to_google


def test_spans_go_nowhere_in_clear() -> None:
    with pytest.raises(NotConfigured, match="`otlp_url` is an https address"):
        config.parse(f'{TEXT}\n[tracing]\notlp_url = "http://collector.example.com/v1/traces"\n')


def test_an_unknown_section_is_named() -> None:
    with pytest.raises(NotConfigured, match="`colours`"):
        config.parse(TEXT + "\n[colours]\n")


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("google", "project"),
        ("store", "kind"),
        ("queue", "location"),
        ("queue", "sync_url"),
        ("queue", "service_account"),
        ("channels", "notifications_url"),
        ("callers.renew_channels", "audiences"),
        ("callers.create_conference", "service_accounts"),
        ("solutions.zoom", "provider"),
        ("solutions.jitsi", "name"),
    ],
)
def test_a_missing_value_is_named(section: str, key: str) -> None:
    with pytest.raises(NotConfigured, match=f"`{key}`"):
        config.parse(without(section, key))


@pytest.mark.parametrize("section", ["google", "store", "queue", "channels", "callers", "solutions"])
def test_a_missing_section_is_named(section: str) -> None:
    kept = re.sub(rf"^\[{section}[\].].*?(?=^\[|\Z)", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert section not in tomllib.loads(kept)
    with pytest.raises(NotConfigured, match=f"`{section}`"):
        config.parse(kept)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("channels", "ttl", '"a week"'),
        ("channels", "ttl", "0"),
        ("channels", "coalesce_seconds", "0"),
        ("sweep", "batch", "-1"),
        ("sweep", "inline_renewals", "2.5"),
        ("secrets", "kind", '"vault"'),
        ("google", "conference_data", '"never"'),
        ("google", "calendar_api", "7"),
        ("addon", "action_wrapper", '"action"'),
        ("limits", "provider_deadline", "0"),
    ],
)
def test_a_wrong_value_is_named(section: str, key: str, value: str) -> None:
    with pytest.raises(NotConfigured, match=rf"`{section}\.{key}`"):
        config.parse(with_lines(section, f"{key} = {value}"))


def test_one_account_is_not_a_list_of_accounts() -> None:
    text = without("callers.sync_calendar", "service_accounts").replace(
        "[callers.sync_calendar]", '[callers.sync_calendar]\nservice_accounts = "a@example.com"', 1
    )
    with pytest.raises(NotConfigured, match=r"callers\[...\]\.service_accounts"):
        config.parse(text)


@pytest.mark.parametrize(("deadline", "lease", "fits"), [(15, 45, True), (15, 44.9, False), (30, 60, False)])
def test_a_lease_outlives_several_provider_calls(deadline: float, lease: float, fits: bool) -> None:
    text = with_lines("limits", f"provider_deadline = {deadline}", f"lease = {lease}")
    if fits:
        assert config.parse(text).limits.lease == lease
    else:
        with pytest.raises(NotConfigured, match=r"limits\.lease"):
            config.parse(text)


def test_a_file_that_is_not_toml_is_named() -> None:
    with pytest.raises(NotConfigured, match=r"prod\.toml"):
        config.parse("[google", source="prod.toml")


def test_the_file_has_to_be_named() -> None:
    with pytest.raises(NotConfigured, match=config.CONFIG_VARIABLE):
        config.load({})


@pytest.mark.parametrize("content", [None, b"[google]\nproject = '\xfc'"], ids=["missing", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "prod.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotConfigured, match=r"prod\.toml"):
        config.load({config.CONFIG_VARIABLE: str(path)})


@pytest.mark.parametrize("value", [None, ""])
def test_a_value_that_another_one_needs_is_named(value: str | None) -> None:
    with pytest.raises(NotConfigured, match=r"store\.path"):
        config.required("store.path", value)


def test_a_value_that_is_there_is_returned() -> None:
    assert config.required("store.path", "/data/confsync.db") == "/data/confsync.db"


# --- channel keys ----------------------------------------------------------------------------------------------------

ONE, TWO = "a" * 32, "b" * 64


@pytest.mark.parametrize(
    ("value", "ring"),
    [
        (ONE, (ONE,)),
        (f"{TWO},{ONE}", (TWO, ONE)),
        (f" {TWO} ,\n{ONE}\n", (TWO, ONE)),
        (f"{ONE},", (ONE,)),
    ],
)
def test_the_key_ring_keeps_its_order_newest_first(value: str, ring: tuple[str, ...]) -> None:
    assert config.channel_keys({config.KEYS_VARIABLE: value}) == tuple(key.encode() for key in ring)


@pytest.mark.parametrize("value", [None, "", " , ", "a" * 31, f"{ONE},short"])
def test_a_ring_without_a_proper_key_is_refused_and_not_shown(value: str | None) -> None:
    with pytest.raises(NotConfigured, match=config.KEYS_VARIABLE) as refused:
        config.channel_keys({config.KEYS_VARIABLE: value} if value is not None else {})
    assert not value or value not in str(refused.value)


# --- people's own Google accounts ------------------------------------------------------------------------------------


def own_google(*lines: str, connect: str = 'url = "https://connect.example.com/connect"') -> str:
    """The example, where people connect their own Google accounts."""
    text = without("google", "credentials").replace(
        "[google]", "\n".join(["[google]", 'credentials = "user"', *lines]), 1
    )
    head, _, rest = text.partition("[connect]")
    return f"{head}[connect]\n{connect}\n" + re.sub(r"^(url|client_id) = .*$", "", rest, count=2, flags=re.MULTILINE)


def test_people_may_connect_their_own_google_accounts() -> None:
    google = config.parse(own_google('oauth_secret = "google-oauth-client"')).google
    assert (google.credentials, google.oauth_secret, google.login) == ("user", "google-oauth-client", config.Login())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (own_google(), "google.oauth_secret"),
        (own_google('oauth_secret = ""'), "google.oauth_secret"),
        (own_google('oauth_secret = "x"', connect=""), "connect.url"),
        (own_google('oauth_secret = "x"', 'login.revoke_url = "http://example.com"'), "login.revoke_url"),
        (own_google('oauth_secret = "x"', 'login.scopes = ["email"]'), "scopes"),
    ],
)
def test_what_that_needs_is_named(text: str, named: str) -> None:
    with pytest.raises(NotConfigured, match=re.escape(named)):
        config.parse(text)


def test_whoever_delegates_needs_none_of_it() -> None:
    google = config.parse(TEXT).google
    assert (google.credentials, google.oauth_secret) == ("delegation", None)


# --- services of one's own that are detected -------------------------------------------------------------------------


def detecting(pattern: str, *more: str, name: str = "Our Jitsi") -> str:
    service = [f'name = "{name}"', f"pattern = '{pattern}'", *more]
    return "\n".join([TEXT, "[[detection.services]]", *service])


def test_by_default_there_are_none() -> None:
    assert config.parse(TEXT).detection.own == ()


@pytest.mark.parametrize(
    "pattern",
    [
        "https://meet.example.com/{code}",
        "https://meet.example.com:8443/{code}",
        "https://bbb.example.com/rooms/{code}/join",
        "https://cloud.example.com/call/{code}*",
        "http://intern.example/room/*",
    ],
)
def test_a_pattern_is_taken(pattern: str) -> None:
    (service,) = config.parse(detecting(pattern)).detection.own
    assert (service.name, service.pattern) == ("Our Jitsi", pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "meet.example.com/{code}",
        "https://",
        "https:///{code}",
        "https://*.example.com/{code}",
        "https://{code}.example.com/x",
        "https://bob@meet.example.com/{code}",
        "https://meet.example.com",
        "https://meet.example.com/",
        "https://meet.example.com/*",
        "https://meet.example.com/{code}/{code}",
        "https://meet.example.com/{room}",
        "https://meet.example.com/a*b/{code}",
        "https://meet.example.com/x{code}",
        "https://meet.example.com/{code}?a=1",
        "https://meet.example.com/{code}#a",
        "https://[meet/{code}",
        "ftp://meet.example.com/{code}",
    ],
)
def test_a_pattern_that_is_none_is_named(pattern: str) -> None:
    with pytest.raises(NotConfigured, match=r"pattern.*detection\.services"):
        config.parse(detecting(pattern))


@pytest.mark.parametrize(
    "text", [detecting("https://a.example/{code}", 'clor = "red"'), detecting("https://a.example/{code}", name="")]
)
def test_so_is_what_else_is_wrong(text: str) -> None:
    with pytest.raises(NotConfigured, match=r"detection\.services"):
        config.parse(text)
