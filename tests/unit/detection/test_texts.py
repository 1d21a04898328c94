"""Links in whatever surrounds them, and what only looks like one."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conferencing import Confidence
from confsync.domain.detection import detect_text

URL = "https://us02web.zoom.us/j/85746065432?pwd=QWJjZDEyMzQ.1&from=addon"
JITSI = "https://meet.jit.si/Standup"
KEYS = "https://meet.proton.me/join/id-AB12CD34EF#pwd-GhIjKlMnOp"


def url_of(text: str) -> str | None:
    found = detect_text(text).conferencing
    return found.details.url if found else None


AROUND = [
    "{}",
    "<{}>",
    "[{}]",
    "({})",
    "Join: {}.",
    "Join {}, please",
    "{}; {}",
    "{}!",
    "Really {}?",
    '"{}"',
    "'{}'",
    "«{}»",
    "„{}“",
    "**{}**",
    "_{}_",
    "~~{}~~",
    "`{}`",
    "[Zoom]({})",
    "[{}]({})",
    "Join Zoom Meeting<{}>",
    "Join Zoom Meeting <{}>\r\n",
    "| {} |",
    "Zoom/Teams:{}",
    "url={}",
    "Joinhttps{}",
    "会议链接：{}，密码：123456。",
    "会議{}に参加",
    "参加{}。",
    "회의 {}에서 만나요",
    "الرابط: {}، شكرا",
    "الرابط {}؟",
    "लिंक {}।",
    "ลิงก์ {}ครับ",
    "Zum Raum: {}\u00a0(Passwort folgt)",
    "{}\u2028next",
    "{}\u3000次",
    "✅{}✅",
    "{}…",
    "{}\u200b",
    "\ufeff{}",
    "&lt;{}&gt;",
    "&quot;{}&quot;",
    "DESCRIPTION:Join\\n{}\\n\\nSee you\\, all",
    "> > {}\n> quoted",
    "<p>{}</p>",
    "<br/>{}<br/>",
    "<!-- old --><b>{}</b>",
    "<o:p>{}</o:p>",
    "a < b and {} > c",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("url", [URL, KEYS, JITSI])
def test_what_stands_around_a_link_is_no_part_of_it(around: str, url: str) -> None:
    text = around.replace("https{}", "{}").replace("{}", url)
    assert url_of(text) == url


@pytest.mark.parametrize("url", [URL, KEYS])
@pytest.mark.parametrize(
    "make",
    [
        lambda url: f'<a href="{escape(url)}">Join</a>',
        lambda url: f"<a href='{escape(url)}' target=_blank>Join</a>",
        lambda url: f"<A class=x HREF={url}>Join</A>",
        lambda url: f'<a\n  href = "{escape(url)}"\n>{escape(url)}</a>',
        lambda url: f'<a href="https://click.example.com/t/1?x=2">{escape(url)}</a>',
        lambda url: f'<a originalsrc="{escape(url)}" href="https://protect-eu.mimecast.com/s/Ab">Join</a>',
        lambda url: f"<style>a {{ b: url(https://zoom.us/j/111111111) }}</style><p>{escape(url)}</p>",
        lambda url: escape(f'<a href="{escape(url)}">Join</a>'),
        lambda url: escape(escape(url)),
        lambda url: url.replace("/", "&#x2F;").replace("&f", "&#38;f"),
        lambda url: url.replace("/j/", "/<wbr>j<wbr>/").replace("/join/", "/jo<wbr/>in/"),
        lambda url: f"<div><span>{escape(url[:30])}</span><span>{escape(url[30:])}</span></div>",
        lambda url: url[:20] + "\u200b" + url[20:25] + "\u00ad" + url[25:],
        lambda url: url.replace("=", "=3D") + "=\r\n more =E2=9C=85",
        lambda url: "Content=3D1 " + url[:40].replace("=", "=3D") + "=\n" + url[40:].replace("=", "=3D"),
        lambda url: "X" * 30 + " " + url[:44] + "\r\n " + url[44:] + "\r\n",
        lambda url: "http" + url[5:],
        lambda url: "HTTPS://" + url[8:15].upper() + url[15:],
        lambda url: url.replace(".us/", ".us:443/").replace(".me/", ".me:443/"),
        lambda url: url.replace(".us/", ".us./").replace(".me/", ".me./"),
        lambda url: url.removeprefix("https://"),
        lambda url: "Room 5," + url.removeprefix("https://"),
        lambda url: "Zoom:" + url.removeprefix("https://"),
        lambda url: f"{url},{url}",
        lambda url: f"{url} \n{url}",
    ],
)
def test_what_clients_do_to_a_link_is_undone(make: object, url: str) -> None:
    assert callable(make)
    assert url_of(make(url)) == url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://zoom.us/j/85746065432Passcode", None),
        ("https://zoom.us/j/85746065432,Room 5", "https://zoom.us/j/85746065432"),
        ("https://zoom.us/j/85746065432https://zoom.us/j/85746065432", "https://zoom.us/j/85746065432"),
        ("https://zoom.us/j/85746065432密码", "https://zoom.us/j/85746065432"),
        ("https://zoom.us/j/85746065432и", "https://zoom.us/j/85746065432"),
        ("https://meet.jit.si/Größe", "https://meet.jit.si/Gr%C3%B6%C3%9Fe"),
        ("https://meet.jit.si/Комната", "https://meet.jit.si/%D0%9A%D0%BE%D0%BC%D0%BD%D0%B0%D1%82%D0%B0"),
        ("https://zoom.us/j/85746065432/", "https://zoom.us/j/85746065432/"),
        ("https://meet.google.com/ABC-DEFG-HIJ?authuser=2&x=Y", "https://meet.google.com/abc-defg-hij?x=Y"),
        ("https://8x8.vc/acme/room?jwt=ey.J.x", "https://8x8.vc/acme/room"),
        ("https://zoom.us/j/85746065432?pwd=3DAb3", "https://zoom.us/j/85746065432?pwd=3DAb3"),
        ("https://zoom.us/j/85746065432?a=1&region=us&copy=2", "https://zoom.us/j/85746065432?a=1&region=us&copy=2"),
        ("zoommtg://zoom.us/join?confno=85746065432&pwd=Ab1", "https://zoom.us/j/85746065432?pwd=Ab1"),
        (
            'https://teams.microsoft.com/l/meetup-join/19:meeting_N@thread.v2/0?context={"Tid":"b8","Oid":"21"}',
            "https://teams.microsoft.com/l/meetup-join/19:meeting_N@thread.v2/0"
            "?context=%7B%22Tid%22%3A%22b8%22%2C%22Oid%22%3A%2221%22%7D",
        ),
        ("https://facetime.apple.com/join#v=1&p=Ab_-&k=Cd", "https://facetime.apple.com/join#v=1&p=Ab_-&k=Cd"),
    ],
)
def test_the_link_is(text: str, url: str | None) -> None:
    assert url_of(text) == url


HOSTILE = [
    "https://zoom.us.evil.com/j/85746065432",
    "https://zoom.us@evil.com/j/85746065432",
    "https://zoom.us:x@evil.com/j/85746065432",
    "https://evil.com@zoom.us/j/85746065432",
    "https://evil.com/?x=zoom.us/j/85746065432",
    "https://evil.com/?x=https://zoom.us/j/85746065432",
    "https://evil.com/#https://zoom.us/j/85746065432",
    "https://evil.com/zoom.us/j/85746065432",
    "https://evil.com/https://zoom.us/j/85746065432",
    "evil.com/?x=https://zoom.us/j/85746065432",
    "evil.com/zoom.us/j/85746065432",
    "x=zoom.us/j/85746065432",
    "bob@zoom.us/j/85746065432",
    "https://evilzoom.us/j/85746065432",
    "https://zoom-us.com/j/85746065432",
    "https://zoom.us%2eevil.com/j/85746065432",
    "https://zoom%2eus/j/85746065432",
    r"https://zoom.us\@evil.com/j/85746065432",
    r"https://evil.com\.zoom.us/j/85746065432",
    "https://zооm.us/j/85746065432",  # Cyrillic letters
    "https://zoοm.us/j/85746065432",  # a Greek one
    "zооm.us/j/85746065432",
    "оzoom.us/j/85746065432",
    "https://zoom。us/j/85746065432",
    "https://ｚｏｏｍ.us/j/85746065432",
    "https://xn--zm-emkb.us/j/85746065432",
    "https://xn--bbb-abc.example/b/bob-ab1-cd2",
    "https://bbb.xn--80ak6aa92e.com/b/bob-ab1-cd2",
    "https://zoom.us:8443/j/85746065432",
    "https://zoom.us:443.evil.com/j/85746065432",
    "ftp://zoom.us/j/85746065432",
    "javascript://zoom.us/j/85746065432",
    r"https://evil.com\zoom.us/j/85746065432",
    "data:text/html,zoom.us",
    "https://zoom.us//evil.com/j/85746065432",
    "https://zoom.us/../j/85746065432",
    "https:///zoom.us/j/85746065432",
    "https://",
    "//zoom.us/j/85746065432",
    "https://meet.google.com/abc-defg-hij-klm",
    "https://meet.google.com/lookup",
    "zoommtg://evil.com/join?confno=85746065432",
    "msteams://evil.com/l/meetup-join/19:meeting_N@thread.v2/0",
    "https://" + "a" * 300 + ".zoom.us/j/85746065432",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_only_looks_like_a_link_is_none(text: str) -> None:
    assert url_of(f"Join {text} now") is None


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        (f"Join {URL}", Confidence.HIGH),
        ("Join https://discord.gg/hTKzmak", Confidence.MEDIUM),
        ("Join https://cloud.example.org/call/ab3d5fgh", Confidence.LOW),
        (f"Join {URL} or {JITSI}", Confidence.MEDIUM),
        (f"Join {URL} or {URL}", Confidence.HIGH),
        ("https://cloud.example.org/call/ab3d5fgh or https://discord.gg/hTKzmak", Confidence.MEDIUM),
    ],
)
def test_how_sure_it_is(text: str, confidence: Confidence) -> None:
    found = detect_text(text).conferencing
    assert found is not None
    assert found.confidence is confidence


def test_a_server_that_nobody_knows_has_to_be_written_as_an_address() -> None:
    assert url_of("cloud.example.org/call/ab3d5fgh") is None


words = st.text(st.characters(exclude_characters="<&=\\", exclude_categories=["Cs", "Co", "Cc"]), max_size=60).filter(
    lambda text: "/" not in text and "." not in text
)


@given(before=words, after=words)
def test_surrounding_text_never_changes_it(before: str, after: str) -> None:
    found = detect_text(f"{before} {URL} {after}").conferencing
    assert found is not None
    assert (found.details.url, found.details.meeting_code) == (URL, "85746065432")


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    detect_text(text)


MARKS = """https:// zoom.us/j/123456789 / . ? # & =3D <a\thref= " ' < > <!-- --> &amp; &#x2F; % %2F \\n
google.com/url?q= urldefense.com/v3/__ __; !! **A @
nam12.safelinks.protection.outlook.com/?url= secure-web.cisco.com/1/ msteams: zoommtg://
context={"a -::~:~::~:~:~:~:~:~:~:~:~:~:~::- \ue000 \ue001 \u200b é 会 xn-- :443 * 8x8.vc/a/b <style> 1\t2345 W10=
teams.microsoft.com/light-meetings/launch?coords="""
pieces = st.sampled_from(
    [*MARKS.replace("\n", " ").split(" "), " ", "\n", "=\n", "\r\n ", "_" * 41, "\u2500" * 12, "\ud800"]
)


@given(st.lists(pieces, max_size=40).map("".join))
def test_any_mixture_of_marks_can_be_read(text: str) -> None:
    detect_text(text)
