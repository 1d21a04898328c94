"""Tokens: fetched once, kept until shortly before their end, never shown."""

import threading
import time
from datetime import timedelta

import pytest

from confsync.domain.errors import Temporary
from confsync.transport.oauth import EARLY, Client, Token, TokenCache
from confsync.transport.session import Deadline
from tests.fakes.clock import FakeClock

LIFE = timedelta(hours=1)


class Issuer:
    """Counts the tokens it gives out."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.issued = 0
        self.error: Exception | None = None

    def __call__(self, deadline: Deadline) -> Token:
        if self.error:
            raise self.error
        time.sleep(0.02)  # long enough for other threads to come in
        self.issued += 1
        return Token(value=f"token-{self.issued}", expires_at=self.clock.now() + LIFE)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
def cache(issuer: Issuer, clock: FakeClock) -> TokenCache:
    return TokenCache(issuer, clock)


def get(cache: TokenCache) -> Token:
    return cache.get(Deadline(timedelta(seconds=5)))


def test_many_threads_one_token(cache: TokenCache, issuer: Issuer) -> None:
    got: list[Token] = []
    threads = [threading.Thread(target=lambda: got.append(get(cache))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert issuer.issued == 1
    assert len(set(map(id, got))) == 1


def test_a_token_is_kept_until_a_minute_before_its_end(cache: TokenCache, clock: FakeClock) -> None:
    first = get(cache)
    clock.advance(LIFE - EARLY - timedelta(seconds=1))
    assert get(cache) is first
    clock.advance(timedelta(seconds=1))
    assert get(cache) is not first


def test_forgetting_a_token_that_was_replaced_keeps_the_new_one(cache: TokenCache, issuer: Issuer) -> None:
    first = get(cache)
    cache.forget(first)
    second = get(cache)
    cache.forget(first)
    assert get(cache) is second
    assert issuer.issued == 2


def test_a_failure_is_not_remembered(cache: TokenCache, issuer: Issuer) -> None:
    issuer.error = Temporary("down")
    with pytest.raises(Temporary):
        get(cache)
    issuer.error = None
    assert get(cache).value == "token-1"


def test_nothing_shows_a_token_or_a_secret(cache: TokenCache) -> None:
    token = get(cache)
    client = Client(id="app", secret="client-secret", grant={"account_id": "private"})
    for text in (repr(token), str(token), repr(client), repr(cache)):
        assert not any(word in text for word in ("token-1", "client-secret", "private"))
