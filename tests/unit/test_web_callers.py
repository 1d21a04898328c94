"""Who may call a function."""

import pytest

from confsync.domain.errors import Forbidden, Unverified
from confsync.web.callers import ServiceCallers, bearer
from tests.unit.http import Tokens, call

QUEUE = "queue@example-project.iam.gserviceaccount.com"
AUDIENCE = "https://sync.example.com"
CALLERS = ServiceCallers(audiences=(AUDIENCE, "https://old.example.com"), service_accounts=(QUEUE,))


def test_the_service_account_passes_with_a_token_for_this_function() -> None:
    verify = Tokens()
    caller = CALLERS.check(call(headers={"authorization": f"Bearer {QUEUE} for {AUDIENCE}"}).headers, verify)
    assert caller.email == QUEUE
    assert verify.asked == [(f"{QUEUE} for {AUDIENCE}", CALLERS.audiences)]


def test_somebody_elses_valid_token_is_forbidden() -> None:
    with pytest.raises(Forbidden, match="mallory"):
        CALLERS.check(call(headers={"Authorization": f"Bearer mallory@example.com for {AUDIENCE}"}).headers, Tokens())


def test_a_token_for_another_function_proves_nothing() -> None:
    with pytest.raises(Unverified):
        CALLERS.check(call(headers={"Authorization": f"Bearer {QUEUE} for https://b.example.com"}).headers, Tokens())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "token"},
        {"X-Authorization": "Bearer token"},
    ],
)
def test_without_a_bearer_token_nobody_is_asked(headers: dict[str, str]) -> None:
    verify = Tokens()
    with pytest.raises(Unverified, match="Authorization"):
        CALLERS.check(call(headers=headers).headers, verify)
    assert verify.asked == []


@pytest.mark.parametrize("value", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_the_scheme_has_no_case(value: str) -> None:
    assert bearer(call(headers={"Authorization": value}).headers) == "abc"
