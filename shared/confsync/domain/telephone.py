"""Telephone numbers as people dial them: a link that also enters what is asked for, and a label."""

import phonenumbers

PAUSE = ",,"
"""Four seconds on most telephones."""


def dial(number: str, *then: str) -> tuple[str, str] | None:
    """A `tel:` URI and a label for a number in international form; None if there is no number in it.

    An extension is dialled after a pause, like each of `then`: telephones ignore the `;ext=` of RFC 3966 or make it a
    question, and a pause is what they all know.
    """
    digits = "".join(filter(str.isdigit, number))
    if not digits:
        return None
    try:
        parsed = phonenumbers.parse(number if number.lstrip().startswith("+") else f"+{number}")
    except phonenumbers.NumberParseException:
        return "tel:" + "".join([f"+{digits}", *then]), f"+{digits}"
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    label = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    extension = f"{PAUSE}{parsed.extension}" if parsed.extension else ""
    return "tel:" + "".join([e164, extension, *then]), label
