"""How to join by telephone or video system, read out of an invitation's text.

Invitations come in any language, so nothing here reads words where shapes will do: digits, punctuation and layout.
"""

from dataclasses import dataclass

from confsync.domain.conference_data import ShownEntryPoint

MAX_TEXT = 65_536
"""Characters that are looked at."""


@dataclass(frozen=True, kw_only=True)
class DialIn:
    """What an invitation tells, each in the order of the text and once."""

    phones: tuple[ShownEntryPoint, ...] = ()
    """One a number, with the codes that it asks for."""
    meeting_codes: tuple[str, ...] = ()
    """The meeting's id, digits only."""
    passcodes: tuple[str, ...] = ()
    """As they are typed."""
    pins: tuple[str, ...] = ()
    """What is typed on a telephone: PIN, access code, conference id. Digits only."""
    sips: tuple[str, ...] = ()
    """`sip:` and an address."""


def read(text: str, provider: str = "") -> DialIn:
    """What the text tells about joining without a browser. Takes any text.

    The provider, by its name in the conferencing object, decides what an id is called.
    """
    raise NotImplementedError
