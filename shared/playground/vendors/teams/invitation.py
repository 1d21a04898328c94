"""The text that Graph offers for invitations: HTML in a data URL, in the language of Accept-Language.

The organizer's link to the options is in it, so it is not fit to be published as it is
(learn.microsoft.com/graph/api/onlinemeeting-get, the example in Japanese).
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

_WORDS: Mapping[str, tuple[str, str, str]] = {
    "en-US": ("Join the meeting now", "Phone conference ID", "Meeting options"),
    "de-DE": ("Jetzt an der Besprechung teilnehmen", "Telefonkonferenz-ID", "Besprechungsoptionen"),
    "fr-FR": ("Rejoindre la réunion maintenant", "ID de conférence téléphonique", "Options de réunion"),
    "ja-JP": ("今すぐ会議に参加する", "電話会議 ID", "会議のオプション"),
}
LANGUAGES = tuple(_WORDS)


def invitation(language: str, link: str, options: str, phone: Mapping[str, Any] | None) -> str:
    """The invitation as `data:text/html,...`."""
    join, dial, choose = _WORDS[language]
    lines = [f'<a class="me-email-headline" href="{link}">{join}</a>']
    if phone:
        called = re.sub(r"[^+\d]", "", phone["tollNumber"])
        lines.append(f'<a href="tel:{called},,{phone["conferenceId"]}#">{phone["tollNumber"]}</a>')
        lines.append(f"<span>{dial}: {phone['conferenceId']}#</span>")
    lines.append(f'<a class="me-email-link" href="{options}">{choose}</a>')
    html = f'<div class="me-email-text" lang="{language}">' + "\n".join(lines) + "</div>"
    return "data:text/html," + re.sub("%..", lambda code: code[0].lower(), quote_plus(html))
