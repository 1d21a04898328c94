"""What may be written as an event's `conferenceData`, and what Calendar makes of it.

https://developers.google.com/workspace/calendar/api/v3/reference/events (conferenceData) and
https://developers.google.com/workspace/calendar/api/guides/create-events#conferencing
"""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

from playground.google_api.errors import ApiError, invalid
from playground.google_calendar.body import merged
from playground.google_calendar.store import Calendar

Json = dict[str, Any]

SCHEMES = {"video": ("http", "https"), "more": ("http", "https"), "phone": ("tel",), "sip": ("sip", "sips")}
CODES = ("meetingCode", "accessCode", "passcode", "password", "pin")
_CODE_LIMIT, _URI_LIMIT, _LABEL_LIMIT, _NOTES_LIMIT, _ID_LIMIT = 128, 1300, 512, 2048, 512
_MANY, _KEY_LIMIT, _VALUE_LIMIT = 300, 50, 1024


def after(old: Json | None, body: Json, calendar: Calendar, *, patch: bool, by_calendar_itself: bool) -> Json | None:
    """The conference that an event has after a write with this body. Raises 400, as below.

    A patch without the field leaves it, and one of the same kind is merged in.
    """
    if patch and "conferenceData" not in body:
        return old
    given = body.get("conferenceData")
    if patch and given and old and not given.get("createRequest"):
        kinds = [_kind(data) for data in (old, given)]
        if kinds[1] in (None, kinds[0]):
            given = merged(old, given)
    return decide(old, given, calendar, by_calendar_itself=by_calendar_itself)


def decide(old: Json | None, given: Json | None, calendar: Calendar, *, by_calendar_itself: bool) -> Json | None:
    """The conference that an event has after `given` was written over `old`.

    Raises 400 for data against the rules, or when the account's write policy refuses third parties'.
    """
    if not given:
        return None
    if old and _is_refused_echo(old, given, calendar):
        raise _invalid_data()
    if given == old:
        return given
    given = _one_of_both(given, calendar)
    if given.get("createRequest") and not _is_whole(given):
        return _requested(old, given["createRequest"], calendar)
    kind = _kind(given)
    _check(given)
    if not kind:
        return None  # seen on consumer accounts: 200, and gone when read back
    if kind == "hangoutsMeet":
        return _copied_meet(old, given, calendar)
    if kind != "addOn":
        raise _invalid_type()
    if by_calendar_itself or calendar.write_policy == "accept":
        return _with_regions(given)
    if calendar.write_policy == "strip":
        return old
    raise _invalid_data()


def _kind(data: Json) -> str | None:
    found: str | None = data.get("conferenceSolution", {}).get("key", {}).get("type")
    return found


def _is_refused_echo(old: Json, given: Json, calendar: Calendar) -> bool:
    same = given.get("conferenceId") == old.get("conferenceId")
    return calendar.echoed_meet == "refuse" and _kind(given) == "hangoutsMeet" and same


def _one_of_both(given: Json, calendar: Calendar) -> Json:
    """Either the new request or the entry points, if there are both. A request with a status was read, and is over."""
    request = given.get("createRequest")
    if not request or "status" in request or not given.get("entryPoints"):
        return given
    if calendar.request_beside_points == "refuse":
        raise _invalid_data()
    if calendar.request_beside_points == "request":
        return {"createRequest": request}
    return {key: value for key, value in given.items() if key != "createRequest"}


def _is_whole(given: Json) -> bool:
    """Whether it is a conference, though it was asked for once: the guide says to copy "the entire conferenceData"."""
    return bool(given.get("conferenceSolution") and given.get("entryPoints"))


def _requested(old: Json | None, request: Json, calendar: Calendar) -> Json | None:
    """A request is answered later; one with the id of the request before is ignored."""
    if not request.get("requestId"):
        raise invalid("Invalid conference data: a create request needs a requestId.")
    if old and old.get("createRequest", {}).get("requestId") == request["requestId"]:
        return old
    kind = request.get("conferenceSolutionKey", {}).get("type", "hangoutsMeet")
    if kind not in calendar.conference_types:
        raise _invalid_type()
    key = {"type": kind}
    status = {"statusCode": "pending"}
    return {"createRequest": {"requestId": request["requestId"], "conferenceSolutionKey": key, "status": status}}


def answered(pending: Json, outcome: str) -> Json:
    """The conference once Meet has answered its create request, well or with `failure`."""
    request = {**pending["createRequest"], "status": {"statusCode": outcome}}
    if outcome != "success":
        return {"createRequest": request}
    code = _meet_code(request["requestId"])
    return {
        "createRequest": request,
        "entryPoints": [
            {"entryPointType": "video", "uri": f"https://meet.google.com/{code}", "label": f"meet.google.com/{code}"},
            {
                "entryPointType": "phone",
                "uri": "tel:+1-555-010-0199",
                "label": "+1 555-010-0199",
                "pin": "123456789",
                "regionCode": "US",
            },
        ],
        "conferenceSolution": {
            "key": {"type": "hangoutsMeet"},
            "name": "Google Meet",
            "iconUri": "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png",
        },
        "conferenceId": code,
        "signature": _signature(code),
    }


def hangout_link(conference: Json | None) -> str | None:
    """The event's `hangoutLink`: Meet's video address, if the conference is Meet's."""
    if not conference or _kind(conference) != "hangoutsMeet":
        return None
    return next((str(p["uri"]) for p in conference["entryPoints"] if p["entryPointType"] == "video"), None)


def _meet_code(seed: str) -> str:
    letters = "".join(chr(ord("a") + byte % 26) for byte in hashlib.sha256(seed.encode()).digest())
    return f"{letters[:3]}-{letters[3:7]}-{letters[7:10]}"


def _signature(conference_id: str) -> str:
    return "AL" + hashlib.sha256(f"playground {conference_id}".encode()).hexdigest()[:24]


def _copied_meet(old: Json | None, given: Json, calendar: Calendar) -> Json | None:
    """A Meet conference can be copied whole from another event; nobody else can make one up."""
    signed = given.get("signature") == _signature(str(given.get("conferenceId")))
    if not signed and calendar.unsigned_meet == "refuse":
        raise _invalid_data()
    return given if signed else old


def _check(data: Json) -> None:
    points = data.get("entryPoints") or []
    kinds = [point.get("entryPointType") for point in points]
    wrong = (
        not data.get("conferenceSolution")
        or not points
        or len(points) > _MANY
        or any(kinds.count(single) > 1 for single in ("video", "sip", "more"))
        or set(kinds) == {"more"}
        or len(data.get("conferenceId", "")) > _ID_LIMIT
        or len(data.get("notes", "")) > _NOTES_LIMIT
    )
    if wrong or not all(map(_is_good_point, points)) or not _are_good(data.get("parameters", {})):
        raise _invalid_data()


def _is_good_point(point: Json) -> bool:
    uri, kind = point.get("uri", ""), point.get("entryPointType", "")
    features = point.get("entryPointFeatures", [])
    return (
        kind in SCHEMES
        and urlsplit(uri).scheme in SCHEMES[kind]
        and len(uri) <= _URI_LIMIT
        and len(point.get("label", "")) <= _LABEL_LIMIT
        and not (kind == "more" and "label" in point)
        and all(len(point.get(code, "")) <= _CODE_LIMIT for code in CODES)
        and not {"toll", "toll_free"} <= set(features)
        and set(features) <= {"toll", "toll_free"}
    )


def _are_good(parameters: Json) -> bool:
    """The limits of the add-on builder, which Google calls identical to the API's."""
    pairs = parameters.get("addOnParameters", {}).get("parameters", {})
    return len(pairs) <= _MANY and all(len(k) <= _KEY_LIMIT and len(v) <= _VALUE_LIMIT for k, v in pairs.items())


def _with_regions(data: Json) -> Json:
    """`regionCode` cannot be written: Calendar finds it itself, for phone numbers only."""
    points = []
    for point in data["entryPoints"]:
        kept = {key: value for key, value in point.items() if key != "regionCode"}
        region = _region(point["uri"]) if point["entryPointType"] == "phone" else None
        points.append(kept | ({"regionCode": region} if region else {}))
    return {**data, "entryPoints": points}


def _region(uri: str) -> str | None:
    try:
        number = phonenumbers.parse(uri.removeprefix("tel:").split(",")[0].split(";")[0])
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(number)


def _invalid_data() -> ApiError:
    return invalid("Invalid conference data")


def _invalid_type() -> ApiError:
    return invalid("Invalid conference type value.")
