"""A meeting's entry points, as Calendar shows them."""

from urllib.parse import urlsplit

from confsync.domain.entry_point import MAX_ENTRY_POINTS, EntryPoint, EntryPointType, Feature
from confsync.domain.telephone import PAUSE, dial
from confsync.providers.zoom.replies import DialIn, Meeting


def entry_points(meeting: Meeting, sip_link: str | None) -> tuple[EntryPoint, ...]:
    """The link, the room connector's address if the account has it, and all telephone numbers."""
    sip = [_sip(meeting, sip_link)] if sip_link else []
    numbers = (meeting.settings and meeting.settings.global_dial_in_numbers) or ()
    phones = [phone for number in numbers if (phone := _phone(meeting, number)) is not None]
    return (_video(meeting), *sip, *phones)[:MAX_ENTRY_POINTS]


def _video(meeting: Meeting) -> EntryPoint:
    address = urlsplit(meeting.join_url)
    return EntryPoint(
        type=EntryPointType.VIDEO,
        uri=meeting.join_url,
        label=f"{address.netloc}{address.path}",
        meeting_code=str(meeting.id),
        passcode=meeting.password or None,
    )


def _sip(meeting: Meeting, link: str) -> EntryPoint:
    address = link.removeprefix("sip:")
    return EntryPoint(
        type=EntryPointType.SIP,
        uri=f"sip:{address}",
        label=address,
        meeting_code=str(meeting.id),
        passcode=meeting.h323_password or None,
    )


def _phone(meeting: Meeting, dial_in: DialIn) -> EntryPoint | None:
    """A number to tap: it dials, waits, enters the meeting id, waits, and enters the numeric passcode.

    None for an entry without a number.
    """
    passcode = meeting.pstn_password
    entered = [f"{PAUSE}{meeting.id}#", *([f"{PAUSE}{PAUSE}*{passcode}#"] if passcode else [])]
    dialled = dial(dial_in.number or "", *entered)
    if dialled is None:
        return None
    uri, label = dialled
    features = {"toll": (Feature.TOLL,), "tollfree": (Feature.TOLL_FREE,)}
    return EntryPoint(
        type=EntryPointType.PHONE,
        uri=uri,
        label=label,
        meeting_code=str(meeting.id),
        passcode=passcode or None,
        region_code=dial_in.country or None,
        features=features.get(dial_in.type or "", ()),
    )
