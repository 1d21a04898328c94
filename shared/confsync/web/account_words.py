"""What people are told of their accounts."""

from confsync.domain.conference import Conference
from confsync.domain.connection import Connection, ConnectionState, Leaving
from confsync.web.rendering import Texts


def state(connection: Connection | None) -> str:
    """As the page shows it: none, active, leaving or ended."""
    if connection is None or (connection.state is ConnectionState.REVOKED and not connection.sealed):
        return "none"
    if connection.leaving is not None:
        return "leaving"
    return "active" if connection.usable else "ended"


def status(connection: Connection, told: Texts) -> str:
    """Whether it can be used."""
    return {
        "none": told("Not connected"),
        "active": told("Connected"),
        "leaving": told("Being disconnected"),
        "ended": told("Has to be connected again"),
    }[state(connection)]


def problem(connection: Connection, told: Texts) -> str:
    """Why it can not."""
    if state(connection) != "ended":
        return ""
    return {
        ConnectionState.EXPIRED: told(
            "It is not accepted any more. Perhaps you changed your password, or were away long."
        ),
        ConnectionState.REVOKED: told("It was taken back, by you or by an administrator."),
        ConnectionState.LACKS_SCOPES: told("Not everything was allowed that is needed."),
    }.get(connection.state, "")


def choices(told: Texts, *, successor: bool, only_keep: bool = False) -> list[dict[str, str]]:
    """What can become of the meetings of an account that ends.

    `successor`: another one takes its place. `only_keep`: nothing else than to leave them as they are.
    """
    anew = (
        told("They are made anew with the new account. Their links change, and events show the new ones.")
        if successor
        else told("They are removed now, and made anew by the account that you connect next. Their links change.")
    )
    kept = [
        {
            "value": Leaving.KEEP,
            "label": told("Keep them as they are"),
            "more": told("Their links stay, and they follow their events no more."),
        },
    ]
    if only_keep:
        return kept
    return [
        *kept,
        {"value": Leaving.ANEW, "label": told("Make them anew"), "more": anew},
        {
            "value": Leaving.REMOVE,
            "label": told("Remove them"),
            "more": told("The meetings go, and their links from the events."),
        },
    ]


def shown(conference: Conference, told: Texts) -> dict[str, str]:
    """A meeting as it is named."""
    spec = conference.desired.spec
    assert spec is not None
    return {"title": spec.title or told("(no title)"), "when": told.day(spec.start)}
