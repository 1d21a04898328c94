"""How the account behaves, and GoTo's forms of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SCOPE = "collab:"
"""What a token for GoTo Meeting must hold; GoTo gives every scope of the client if none is asked for."""
DIAL_IN = (
    ("United States (Toll Free)", "1 877 568 4106"),
    ("United States", "+1 (669) 224-3319"),
    ("Germany", "+49 692 5736 7317"),
    ("Australia", "+61 2 8355 1020"),
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the account behaves. Organizers are named by their mail address; everybody is one who is not `missing`.

    `signed_in`: who sits at the browser. `personal_access_tokens`: each one, and whose it is; the client exchanges it
    for an access token, and gets no refresh token (guides/Authentication/03.1_HOW_accessTokenPAT). Whoever is `missing`
    was deleted: the tokens are no good. The `suspended` have tokens, but host no meetings. `per_second` counts all
    calls (guides/References/Ref-Rate-Limits); no header tells it.
    `dial_in`: labels and numbers that stand in conferenceCallInfo.

    Nowhere documented, so choose:
    `refresh_tokens`: whether a refresh brings no new refresh token (as in the example of how-use-refresh-tokens), one
    beside the old ("renewed"), or one instead of it ("rotated"); and `refresh_seconds`, how long they live;
    `bad_token_status`: 403 was seen of missing tokens on this host, and of expired ones by clients of GoToWebinar; the
    guides say 401; `error_form`: "int_err_code" was seen with that 403, "errorCode" is GoToWebinar's newer one;
    `foreign_status`: what somebody else's meeting answers; `past_start`: a scheduled meeting that starts in the past,
    of a create or an update;
    `checks_order`: refuses an end that is not after the start; `unknown_keys`: of a create or update;
    `angle_brackets`: a `<` or `>` in a subject, which "have to be replaced" by `&lt;` and `&gt;`;
    `counts_escaped`: whether `&lt;` is four of the subject's 100 characters; `escaped_answers`: whether it is answered
    as it was sent; `past_meetings`: whether a scheduled meeting can still be called by its id after its end;
    `without_range`: a list of `/meetings` without dates, which answered what is scheduled in 2015;
    `join_base`: what stands before the id in joinURL; `old_forms`: times as `2015-02-17T00:10:33.+0000`, and
    passwordRequired as text, as public clients saw them in 2015, where the specification says date-time and boolean.
    """

    client_id: str = "6dc40383-30fc-42e5-8fb1-0123456789ab"
    client_secret: str = "example-client-secret"
    scopes: tuple[str, ...] = (SCOPE,)
    redirect_uris: tuple[str, ...] = ("http://localhost/callback",)
    signed_in: str = "alice@example.com"
    missing: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    personal_access_tokens: Mapping[str, str] = field(
        default_factory=lambda: {"example-personal-access-token": "alice@example.com"}
    )
    max_participants: int = 250
    dial_in: tuple[tuple[str, str], ...] = DIAL_IN
    per_second: int | None = 10
    token_seconds: int = 3600
    refresh_tokens: Literal["kept", "renewed", "rotated"] = "kept"
    refresh_seconds: int = 30 * 24 * 3600
    bad_token_status: Literal[401, 403] = 403
    error_form: Literal["int_err_code", "errorCode", "empty"] = "int_err_code"
    foreign_status: Literal[403, 404] = 404
    past_start: Literal["taken", "refused"] = "refused"
    checks_order: bool = True
    unknown_keys: Literal["ignored", "refused"] = "ignored"
    angle_brackets: Literal["taken", "refused"] = "refused"
    counts_escaped: bool = True
    escaped_answers: bool = True
    past_meetings: Literal["kept", "gone"] = "kept"
    without_range: Literal["refused", "scheduled"] = "refused"
    join_base: str = "https://global.gotomeeting.com/join/"
    old_forms: bool = False


class GotoError(Exception):
    """An answer of the API. Only InvalidToken's code and message were seen in public; the others are made up."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self, account: Account) -> dict[str, str] | None:
        """The answer's body; None: there is none."""
        match account.error_form:
            case "int_err_code":
                return {"int_err_code": self.code, "msg": self.message}
            case "errorCode":
                return {"errorCode": self.code, "description": self.message, "incident": "1000000000000000001"}
            case "empty":
                return None


def bad_request(message: str) -> GotoError:
    """The refusal of what is asked."""
    return GotoError(400, "InvalidRequest", message)


def not_found() -> GotoError:
    """The refusal of a meeting that is not there."""
    return GotoError(404, "NotFound", "The requested meeting does not exist")


def forbidden() -> GotoError:
    """The refusal of somebody who may not."""
    return GotoError(403, "AccessDenied", "Access denied")
