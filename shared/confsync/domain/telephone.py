"""Telephone numbers as people dial them: a link that also enters what is asked for, and a label."""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

PAUSE = ",,"
"""Four seconds on most telephones."""
MAX_DIGITS = 15  # E.164


def dial(number: str, *then: str) -> tuple[str, str] | None:
    """A `tel:` URI and a label for a number with its country code, with or without a plus sign.

    None if it has no digits, or more than any number. One that is in nobody's numbering plan is dialled as it stands.
    An extension is dialled after a pause, and then each of `then`: telephones ignore the `;ext=` of RFC 3966 or make it
    a question, and a pause is what they all know.
    """
    parsed = _parsed(number) or _parsed(f"+{number}")
    if parsed is None:
        digits = "".join(each for each in number if each in "0123456789")
        return ("".join([f"tel:+{digits}", *then]), f"+{digits}") if 0 < len(digits) <= MAX_DIGITS else None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    label = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    extension = f"{PAUSE}{parsed.extension}" if parsed.extension else ""
    return "".join([f"tel:{e164}", extension, *then]), label


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that somebody can have."""

    e164: str
    """With its extension after a pause."""
    label: str
    region: str | None
    """ISO 3166; None for those of no country."""
    toll_free: bool


@lru_cache(maxsize=4_096)
def number(text: str, region: str | None = None) -> Number | None:
    """The number that stands there, None if no numbering plan has it. Without a country code it is one of the region's.

    Kept, as invitations name the same few numbers of their vendors.
    """
    parsed = _parsed(text, region)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return None
    dialled = dial(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966))
    assert dialled is not None
    uri, label = dialled
    home = phonenumbers.region_code_for_number(parsed)
    return Number(
        e164=uri.removeprefix("tel:"),
        label=label,
        region=None if home == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else home,
        toll_free=phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.TOLL_FREE,
    )


def is_international(number: str) -> bool:
    """Whether it is a number in international form, with a plus sign, of a numbering plan that there is."""
    return _parsed(number) is not None


def _parsed(number: str, region: str | None = None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
