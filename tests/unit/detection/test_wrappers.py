"""Addresses that stand for others, undone as often as they were wrapped."""

import base64
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.detection import detect_text
from confsync.domain.detection.finding import MAX_WRAPPED

ZOOM = "https://us02web.zoom.us/j/85746065432?pwd=QWJjZDEyMzQ.1&from=addon"
TEAMS = (
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjYx-a_b%40thread.v2/0"
    "?context=%7b%22Tid%22%3a%22b8291b4b%22%2c%22Oid%22%3a%22216d2e11%22%7d"
)
PROTON = "https://meet.proton.me/join/id-AB12CD34EF#pwd-GhIjKlMnOp"
Wrap = Callable[[str], str]


def encoded(url: str) -> str:
    return quote(url, safe="")


def proofpoint_2(url: str) -> str:
    """`%` is written `-`, and `/` is written `_`; what is neither is encoded."""
    kept = quote(url, safe=":/?=&").replace("_", "%5F").replace("-", "%2D").replace("/", "_")
    text = "".join(f"-{ord(each):02X}" if each in ":?=&" else each for each in kept).replace("%", "-")
    return f"https://urldefense.proofpoint.com/v2/url?u={text}&d=DwMF&c=euGZstcaTDllvimEN8b7jXrwqOf-v5A_&r=x&s=y&e="


def proofpoint_3(url: str) -> str:
    """Characters outside of addresses are taken out, runs of them in one."""
    taken = [each for each in url if each in "#%*"]
    text = "".join("*" if each in "#%*" else each for each in url)
    kept = base64.urlsafe_b64encode("".join(taken).encode()).decode().rstrip("=")
    return f"https://urldefense.com/v3/__{text}__;{kept}!!Jkr0yJ!abc-Def_$"


def sophos(url: str) -> str:
    return (
        f"https://eu-central-1.protection.sophos.com/?d=zoom.us&u={base64.b64encode(url.encode()).decode()}&i=NjJk&h=0d"
    )


WRAPS: dict[str, Wrap] = {
    "SafeLinks": lambda url: (
        f"https://nam12.safelinks.protection.outlook.com/?url={encoded(url)}&data=05%7C02%7C&sdata=a%3D&reserved=0"
    ),
    "SafeLinks, with a path": lambda url: (
        f"https://eur01.safelinks.protection.outlook.com/ap/t-59584e83/?url={encoded(url)}&data=05%7C01"
    ),
    "Teams' mail": lambda url: (
        f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={encoded(url)}&locale=en"
    ),
    "Teams' mail, new host": lambda url: (
        f"https://teams.public.onecdn.static.microsoft/evergreen-assets/safelinks/2/atp.html?url={encoded(url)}"
        "&dest=https%3A%2F%2Fteams.cloud.microsoft%2Fapi%2Fmt"
    ),
    "Google": lambda url: f"https://www.google.com/url?q={encoded(url)}&sa=D&source=calendar&usg=AOvVaw0",
    "Google elsewhere": lambda url: f"https://www.google.co.uk/url?sa=t&url={encoded(url)}",
    "Proofpoint 1": lambda url: f"https://urldefense.proofpoint.com/v1/url?u={encoded(url)}&k=foo",
    "Proofpoint 2": proofpoint_2,
    "Proofpoint 3": proofpoint_3,
    "Barracuda": lambda url: f"https://linkprotect.cudasvc.com/url?a={encoded(url)}&c=E,1,abc&typo=1",
    "Cisco": lambda url: f"https://secure-web.cisco.com/1aBcD-eF/{encoded(url)}",
    "Trend Micro": lambda url: f"https://imsva91-ctp.trendmicro.com/wis/clicktime/v1/query?url={encoded(url)}&umid=1",
    "Sophos": sophos,
    "FireEye": lambda url: f"https://protect2.fireeye.com/v1/url?k=abc&q=1&e=d&u={encoded(url)}",
    "EsvaLabs": lambda url: f"https://urlsand.esvalabs.com/?u={encoded(url)}&e=1",
    "SES": lambda url: f"https://abc.r.us-east-1.awstrack.me/L0/{encoded(url)}/1/0100018/x=12",
    "Azure": lambda url: f"https://emails.azure.microsoft.com/redirect/?destination={encoded(url)}&p=1",
    "WhatsApp": lambda url: f"https://l.wl.co/l?u={encoded(url)}",
    "Facebook": lambda url: f"https://l.facebook.com/l.php?u={encoded(url)}&h=AT0",
}


def wrapped(url: str, names: Sequence[str]) -> str:
    for name in names:
        url = WRAPS[name](url)
    return url


@pytest.mark.parametrize("name", WRAPS)
@pytest.mark.parametrize("url", [ZOOM, TEAMS, PROTON])
def test_a_wrapper_is_undone(name: str, url: str) -> None:
    plain, found = detect_text(url), detect_text(f"Join: {WRAPS[name](url)}.")
    assert plain.conferencing is not None
    assert found == plain


@given(st.lists(st.sampled_from(sorted(WRAPS)), max_size=4), st.sampled_from([ZOOM, TEAMS, PROTON]))
def test_wrapping_it_any_number_of_ways_gives_the_same_meeting(names: list[str], url: str) -> None:
    assert detect_text(wrapped(url, names)) == detect_text(url)


def test_wrapping_is_undone_so_often_and_no_more() -> None:
    ways = ["SafeLinks"] * MAX_WRAPPED
    assert detect_text(wrapped(ZOOM, ways)) == detect_text(ZOOM)
    assert detect_text(wrapped(ZOOM, [*ways, "Google"])).conferencing is None


@pytest.mark.parametrize(
    "url",
    [
        "https://protect-eu.mimecast.com/s/AbCdEfGh?domain=zoom.us",
        "https://url.uk.m.mimecastprotect.com/s/AbCdEf?domain=teams.microsoft.com",
    ],
)
def test_what_only_its_gateway_can_undo_is_told(url: str) -> None:
    found = detect_text(f"Join: {url}\nAgain: {WRAPS['SafeLinks'](url)}")
    assert (found.conferencing, found.unresolved) == (None, (url,))


def test_mimecast_s_own_pages_are_no_wrappers() -> None:
    assert detect_text("https://www.mimecast.com/products/").unresolved == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://nam12.safelinks.protection.outlook.com/?data=05",
        "https://nam12.safelinks.protection.outlook.com/?url=%E0%A4%A",
        "https://nam12.safelinks.protection.outlook.com/?url=",
        "https://urldefense.com/v3/__https://zoom.us/",
        "https://urldefense.com/v3/__***A***B__;!!x$",
        "https://urldefense.com/v3/__https://zoom.us/j/1**é__;////!!x$",
        "https://eu.protection.sophos.com/?u=%%%",
        "https://secure-web.cisco.com/abc",
        "https://teams.microsoft.com/light-meetings/launch?coords=W10%3D",
        "https://teams.microsoft.com/light-meetings/launch?coords=eyJjb252ZXJzYXRpb25JZCI6WzFdfQ%3D%3D",
        "https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fhome",
    ],
)
def test_a_wrapper_that_holds_nothing_is_nothing(url: str) -> None:
    assert detect_text(url).conferencing is None


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://urldefense.com/v3/__https:/zoom.us/j/85746065432__;!!x$", "https://zoom.us/j/85746065432"),
        (
            "https://urldefense.us/v3/__https://meet.jit.si/a**Ab__;w6TDtsO8!!x$",
            "https://meet.jit.si/a%C3%A4%C3%B6b",
        ),
        ("https://www.google.com/url?q=zoom.us/j/85746065432&sa=D", "https://zoom.us/j/85746065432"),
        (f"https://www.google.com/url?q=Join%20at%20{encoded(ZOOM)}", ZOOM),
        (
            "https://www.google.com/url?q="
            + encoded(
                'https://teams.microsoft.com/l/meetup-join/19:meeting_NjYx@thread.v2/0?context={"Tid":"b8","Oid":"21"}'
            ),
            "https://teams.microsoft.com/l/meetup-join/19:meeting_NjYx@thread.v2/0"
            "?context=%7B%22Tid%22%3A%22b8%22%2C%22Oid%22%3A%2221%22%7D",
        ),
        (
            "https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fmeet%2F26374053457629%3Fp%3DAa1%26anon%3D"
            "true%26deeplinkId%3D50&type=meet",
            "https://teams.microsoft.com/meet/26374053457629?p=Aa1",
        ),
    ],
)
def test_what_is_meant(url: str, meant: str) -> None:
    found = detect_text(url).conferencing
    assert found is not None
    assert found.details.url == meant


def test_teams_in_a_browser_has_the_meeting_in_json() -> None:
    coords = {"conversationId": "19:meeting_NjYx@thread.v2", "tenantId": "b8", "organizerId": "21", "messageId": "0"}
    data = encoded(base64.b64encode(json.dumps(coords).encode()).decode())
    found = detect_text(f"https://teams.microsoft.com/light-meetings/launch?agent=web&coords={data}&x=1").conferencing
    assert found is not None
    assert found.details.url.startswith(
        "https://teams.microsoft.com/l/meetup-join/19%3Ameeting_NjYx%40thread.v2/0?context="
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F85746065432",
        "https://safelinks.protection.outlook.com.evil.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F85746065432",
        "https://www.google.evil.com/url?q=https://zoom.us/j/85746065432",
        "https://evil.com/url?q=https://zoom.us/j/85746065432",
        "https://www.google.com/search?q=https://zoom.us/j/85746065432",
        f"https://www.google.com/url?q={encoded('https://zoom.us@evil.com/j/85746065432')}",
    ],
)
def test_only_known_wrappers_are_undone(url: str) -> None:
    assert detect_text(url).conferencing is None
