"""What we read of Webex's answers, and what people get of them."""

from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec

from confsync.domain.conference import ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.telephone import PAUSE, dial


class _Number(msgspec.Struct, frozen=True, rename="camel"):
    call_in_number: str
    label: str = ""
    toll_type: str = ""


class _Link(msgspec.Struct, frozen=True):
    rel: str = ""
    href: str = ""


class _Telephony(msgspec.Struct, frozen=True, rename="camel"):
    access_code: str | None = None
    call_in_numbers: tuple[_Number, ...] = ()
    links: tuple[_Link, ...] = ()


class Meeting(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of a meeting. The host key is not among it."""

    id: str
    web_link: str
    start: datetime
    end: datetime
    title: str = ""
    agenda: str | None = None
    recurrence: str | None = None
    meeting_number: str | None = None
    password: str | None = None
    phone_and_video_system_password: str | None = None
    sip_address: str | None = None
    telephony: _Telephony | None = None


class Page(msgspec.Struct, frozen=True):
    """Of a list of meetings."""

    items: tuple[Meeting, ...]


class ListedInstance(msgspec.Struct, frozen=True):
    """A time of a series; its id ends with when the series has it."""

    id: str
    start: datetime
    end: datetime
    title: str = ""


class Instances(msgspec.Struct, frozen=True):
    """A page of a series' times."""

    items: tuple[ListedInstance, ...]


def conference(meeting: Meeting, host: str) -> ProviderConference:
    """Our value of the meeting."""
    # which zone times are answered in depends on the call
    times = (meeting.start.timestamp(), meeting.end.timestamp())
    kept = (meeting.title, meeting.agenda, times, meeting.recurrence)
    return ProviderConference(
        reference=Reference(ids={"id": meeting.id}, host=host),
        details=ConferenceDetails(entry_points=_entry_points(meeting)),
        fingerprint=sha256(msgspec.json.encode(kept)).hexdigest()[:16],
    )


def _entry_points(meeting: Meeting) -> tuple[EntryPoint, ...]:
    """The link with its password, which those who are not invited are asked for; rooms; telephones."""
    parts = urlsplit(meeting.web_link)
    video = EntryPoint(
        type=EntryPointType.VIDEO,
        uri=meeting.web_link,
        label=parts.netloc,
        meeting_code=meeting.meeting_number,
        password=meeting.password,
    )
    pin = meeting.phone_and_video_system_password
    room = (
        [EntryPoint(type=EntryPointType.SIP, uri=f"sip:{meeting.sip_address}", label=meeting.sip_address, passcode=pin)]
        if meeting.sip_address
        else []
    )
    return (video, *room, *_phones(meeting.telephony or _Telephony(), pin))


def _phones(telephony: _Telephony, pin: str | None) -> list[EntryPoint]:
    code = telephony.access_code
    if code is None:
        return []
    keys = [f"{PAUSE}{code}#", *([f"{PAUSE}{pin}#"] if pin else [])]
    phones = []
    for number in telephony.call_in_numbers:
        dialled = dial(number.call_in_number, *keys)
        if dialled:
            uri, label = dialled
            cost = {"toll": Feature.TOLL, "tollFree": Feature.TOLL_FREE}.get(number.toll_type)
            phones.append(
                EntryPoint(
                    type=EntryPointType.PHONE,
                    uri=uri,
                    label=label,
                    access_code=code,
                    passcode=pin,
                    features=(cost,) if cost else (),
                )
            )
    more = [each.href for each in telephony.links if each.rel == "globalCallinNumbers" and each.href.startswith("http")]
    return [*phones, *(EntryPoint(type=EntryPointType.MORE, uri=href) for href in more[:1] if phones)]


def original(instance: ListedInstance) -> datetime:
    """When its series has it: the id's end. https://developer.webex.com/docs/meetings, scheduled meetings"""
    try:
        return datetime.strptime(instance.id.rpartition("_")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return instance.start
