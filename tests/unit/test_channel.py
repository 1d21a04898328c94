"""Channel tokens, renewal times and buckets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain import signing
from confsync.domain.backoff import renewal_time
from confsync.domain.channel import Channel, ChannelState, bucket_end, token, verified_calendar_key
from confsync.domain.errors import Forbidden
from confsync.domain.keys import calendar_key

OLD, NEW = b"o" * 32, b"n" * 32
CHANNEL = "0f3d7a52c1e84b6f9d2a"
KEY = calendar_key("alice@example.com")
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)

moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def test_a_token_names_its_calendar_and_fits_googles_limit() -> None:
    made = token([NEW, OLD], CHANNEL, KEY)
    assert made.split(".")[:2] == ["v1", KEY]
    assert len(made) <= 256
    assert verified_calendar_key([NEW, OLD], CHANNEL, made) == KEY


def test_keys_rotate_without_losing_a_channel() -> None:
    before = token([OLD], CHANNEL, KEY)
    during = token([NEW, OLD], CHANNEL, KEY)
    assert verified_calendar_key([NEW, OLD], CHANNEL, before) == KEY, "the old key still counts"
    assert during == token([NEW], CHANNEL, KEY), "the first key signs"
    for ring, made in (([NEW], before), ([OLD], during)):
        with pytest.raises(Forbidden):
            verified_calendar_key(ring, CHANNEL, made)


MADE = token([NEW], CHANNEL, KEY)
MAC = MADE.rpartition(".")[2]


@pytest.mark.parametrize(
    ("channel_id", "text"),
    [
        ("another-channel", MADE),
        (CHANNEL, MADE.replace(KEY, calendar_key("mallory@example.com"))),
        (CHANNEL, MADE.replace("v1.", "v2.", 1)),
        (CHANNEL, MADE.replace("v1.", "V1.", 1)),
        (CHANNEL, MADE[:-1]),
        (CHANNEL, MADE + "0"),
        (CHANNEL, MADE[:-1] + ("0" if MADE[-1] != "0" else "1")),
        (CHANNEL, f"v1.{KEY}.{MAC.upper()}"),
        (CHANNEL, f"v1.{KEY}."),
        (CHANNEL, f"v1.{KEY}"),
        (CHANNEL, f"v1.{KEY}.x.{MAC}"),
        (CHANNEL, f"v1.{MAC}"),
        (CHANNEL, f"{KEY}.{MAC}"),
        (CHANNEL, ""),
        (CHANNEL, "..."),
        (CHANNEL, f"v1.{KEY}.ä"),
    ],
)
def test_a_token_with_any_part_changed_is_forbidden(channel_id: str, text: str) -> None:
    with pytest.raises(Forbidden):
        verified_calendar_key([NEW, OLD], channel_id, text)


@given(st.text(max_size=300), st.text(max_size=64))
def test_no_text_made_without_a_key_passes(text: str, channel_id: str) -> None:
    with pytest.raises(Forbidden):
        verified_calendar_key([NEW], channel_id, text)


def test_the_mac_is_compared_in_constant_time_with_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    monkeypatch.setattr(signing.hmac, "compare_digest", compare)
    assert verified_calendar_key([NEW, OLD], CHANNEL, MADE) == KEY
    assert len(compared) == 2, "the first match is no reason to stop"


@given(moments, st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0, 60.0]))
def test_a_bucket_ends_after_now_and_within_its_size(now: datetime, seconds: float) -> None:
    end = bucket_end(now, seconds)
    assert now < end <= now + timedelta(seconds=seconds)
    assert bucket_end(end - timedelta(microseconds=1), seconds) == end, "one end for the whole bucket"
    assert bucket_end(end, seconds) == end + timedelta(seconds=seconds), "its end is in the next one"


@given(moments, st.sampled_from([0.5, 1.0, 2.0]))
def test_all_instances_agree_on_buckets(now: datetime, seconds: float) -> None:
    berlin = now.astimezone(datetime.strptime("+0100", "%z").tzinfo)
    assert bucket_end(berlin, seconds) == bucket_end(now, seconds)


@given(st.uuids().map(str), st.integers(1, 30))
def test_a_channel_is_renewed_well_before_it_expires_and_not_with_all_others(channel_id: str, days: int) -> None:
    life = timedelta(days=days)
    at = renewal_time(channel_id, NOW, NOW + life)
    assert 0.4 * life <= at - NOW <= 0.5 * life
    assert at == renewal_time(channel_id, NOW, NOW + life), "the same for the same channel"


def test_a_channel_is_worn_once_its_renewal_may_be_due() -> None:
    life = timedelta(days=10)
    made = Channel(key="c", calendar_key="k", calendar_id="c", owner="ann@example.com", created_at=NOW)
    assert made.worn(NOW), "it never opened"
    opened = replace(made, state=ChannelState.ACTIVE, expiration=NOW + life)
    assert not opened.worn(NOW + life * 0.39)
    assert opened.worn(NOW + life * 0.4)
    assert opened.is_open(NOW + life * 0.99)
    assert not opened.is_open(NOW + life)


def test_channels_made_together_are_renewed_apart() -> None:
    times = {renewal_time(f"channel-{n}", NOW, NOW + timedelta(days=7)) for n in range(50)}
    assert len(times) == 50
    assert max(times) - min(times) > timedelta(hours=12)
