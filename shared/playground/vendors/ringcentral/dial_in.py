"""Dial-in numbers. Spec: readConferencingSettings, GetConferencingInfoResponse; guide, video/api/dialing-in."""

from typing import Any

from playground.vendors.ringcentral.account import invalid

_NUMBERS = (
    ("1", "United States", "US", "1", "San Mateo, CA", "+16504191505"),
    ("1", "United States", "US", "1", "", "+18885110509"),
    ("75", "Germany", "DE", "49", "Frankfurt", "+4969257369261"),
    ("15", "Australia", "AU", "61", "Sydney", "+61283104136"),
)
_API = "https://platform.ringcentral.com/restapi/v1.0"


def conferencing(account_id: str, host: str, codes: tuple[str, str], country: str) -> dict[str, Any]:
    """The numbers, those of the country (of the United States, if none is given) first; `codes`: host's, guests'."""
    if country and country not in {row[0] for row in _NUMBERS}:
        raise invalid("countryId")
    rows = sorted(_NUMBERS, key=lambda row: row[0] != (country or "1"))
    return {
        "uri": f"{_API}/account/{account_id}/extension/{host}/conferencing",
        "allowJoinBeforeHost": False,
        "hostCode": codes[0],
        "mode": "Conferencing",
        "participantCode": codes[1],
        "phoneNumber": rows[0][5],
        "supportUri": "http://success.ringcentral.com",
        "tapToJoinUri": f"https://meetings.ringcentral.com/teleconference/{codes[1]}",
        "phoneNumbers": [_number(row, first=row == rows[0]) for row in rows],
    }


def _number(row: tuple[str, ...], *, first: bool) -> dict[str, Any]:
    country_id, name, iso, calling, location, number = row
    country = {"id": country_id, "uri": f"{_API}/dictionary/country/{country_id}", "name": name, "isoCode": iso}
    shown = {"phoneNumber": number, "country": {**country, "callingCode": calling}, "default": first}
    return {**shown, "hasGreeting": False, "premium": False, **({"location": location} if location else {})}
