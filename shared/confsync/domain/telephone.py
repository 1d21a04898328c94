"""Telephone numbers as people dial them: a link that also enters what is asked for, and a label."""

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


def is_international(number: str) -> bool:
    """Whether it is a number in international form, with a plus sign, of a numbering plan that there is."""
    return _parsed(number) is not None


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
