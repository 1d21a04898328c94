"""What invitations tell about joining by telephone and video system, as their vendors write them in many languages."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.description_block import render
from confsync.domain.detection.dial_in import DialIn, read
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType

INVITATIONS = Path(__file__).parent / "invitations"

ZOOM, TEAMS, WEBEX, GOTO = "Zoom Meeting", "Microsoft Teams", "WebEx", "GoToMeeting"
MEET, SKYPE = "Google Meet", "Skype for Business"

ZOOM_ID = "81234567890"
ZOOM_THEN = f",,{ZOOM_ID}#,,,,*010383#"


@dataclass(frozen=True, kw_only=True)
class Case:
    """An invitation, whose it is, and what it tells."""

    provider: str
    phones: tuple[str, ...]
    ids: tuple[str, ...] = ()
    passcodes: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    sips: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    """The codes that each of its phones has."""


def zoom(
    *numbers: str, then: str = ZOOM_THEN, passcodes: tuple[str, ...] = ("010383",), sips: tuple[str, ...] = ()
) -> Case:
    return Case(
        provider=ZOOM,
        ids=(ZOOM_ID,),
        passcodes=passcodes,
        phones=tuple(f"tel:{number}{then}" for number in numbers),
        codes=(("meeting_code", ZOOM_ID), ("passcode", "010383")),
        sips=sips,
    )


CASES = {
    "zoom_en": zoom(
        "+12532050468",
        "+12532158782",
        "+16699006833",
        "+18778535257",
        "+496971049922",
        passcodes=("6Z3fiV", "010383"),
        sips=(f"sip:{ZOOM_ID}@zoomcrc.com",),
    ),
    "zoom_de": zoom("+496971049922", "+493056795800", "+4312535501"),
    "zoom_fr": zoom("+33170372246", "+33170379729", "+41225910005"),
    "zoom_es": zoom("+34917873431", "+522299100061"),
    "zoom_pt": zoom("+551147009668", passcodes=("segredo", "010383")),
    "zoom_ja": zoom("+81345781488", "+81363628317"),
    "zoom_ar": zoom("+97144248900", "+966115173700", then=f",,{ZOOM_ID}#"),
    "zoom_add_on": Case(
        provider=ZOOM,
        ids=("83674139672",),
        passcodes=("6Z3fiV", "010383"),
        phones=("tel:+16699006833,,83674139672#",),
        codes=(("meeting_code", "83674139672"), ("passcode", "010383")),
    ),
    "zoom_scheduler": Case(
        provider=ZOOM,
        ids=("83460785033",),
        phones=tuple(
            f"tel:+{number},,83460785033#"
            for number in (
                *("13126266799", "16465588656", "13017158592"),
                *("442080806591", "443300885830", "496938079884", "496950500951"),
            )
        ),
        codes=(("meeting_code", "83460785033"),),
    ),
    "teams_en": Case(
        provider=TEAMS,
        ids=("26374053457629",),
        passcodes=("Ax3Zj3Mx",),
        pins=("766918553",),
        phones=("tel:+13238494874,,766918553#",),
        codes=(("access_code", "766918553"),),
        sips=("sip:330319201@t.plcm.vc",),
    ),
    "teams_old_de": Case(
        provider=TEAMS,
        ids=("25389714926",),
        passcodes=("TkGpQw",),
        pins=("583764293",),
        phones=("tel:+4969365057714,,583764293#",),
        codes=(("access_code", "583764293"),),
        sips=("sip:330319201@t.plcm.vc",),
    ),
    "teams_fr": Case(
        provider=TEAMS,
        ids=("26374053457629",),
        passcodes=("Ax3Zj3Mx",),
        pins=("766918553",),
        phones=("tel:+33170995397,,766918553#",),
        codes=(("access_code", "766918553"),),
    ),
    "teams_pt": Case(
        provider=TEAMS,
        ids=("26374053457629",),
        passcodes=("Ax3Zj3Mx",),
        pins=("766918553",),
        phones=("tel:+551147009668,,766918553#",),
        codes=(("access_code", "766918553"),),
    ),
    "teams_no_phone_es": Case(provider=TEAMS, ids=("26374053457629",), passcodes=("Ax3Zj3Mx",), phones=()),
    "teams_ja": Case(
        provider=TEAMS,
        ids=("412345678901",),
        passcodes=("aBcDeF",),
        pins=("583764293",),
        phones=("tel:+81345714874,,583764293#",),
        codes=(("access_code", "583764293"),),
    ),
    "webex_en": Case(
        provider=WEBEX,
        ids=("1469674515",),
        passcodes=("tM9mpWe3x", "92234766"),
        pins=("1469674515",),
        phones=("tel:+18445310958,,1469674515#43533276#", "tel:+16692341178,,1469674515#43533276#"),
        codes=(("access_code", "1469674515"), ("passcode", "43533276")),
        sips=("sip:1469674515@example.webex.com", "sip:1469674515.example@lync.webex.com"),
    ),
    "webex_links": Case(
        provider=WEBEX,
        ids=("1774007047",),
        passcodes=("6PCdCYKmN43",),
        pins=("1774007047",),
        phones=("tel:+14156550002,,1774007047##",),
        codes=(("access_code", "1774007047"),),
        sips=("sip:1774007047@example.webex.com",),
    ),
    "webex_de": Case(
        provider=WEBEX,
        ids=("27312345678",),
        passcodes=("tM9mpWe3xq2",),
        pins=("27312345678",),
        phones=("tel:+4961967819736,,27312345678#86967933#", "tel:+498001844222,,27312345678#86967933#"),
        codes=(("access_code", "27312345678"), ("passcode", "86967933")),
        sips=("sip:27312345678@example.webex.com",),
    ),
    "webex_audio_only": Case(
        provider=WEBEX,
        ids=("1469674515",),
        passcodes=("tM9mpWe3x", "92234766"),
        pins=("1469674515",),
        phones=("tel:+16504793208,,1469674515#", "tel:+18445310958,,1469674515#"),
        codes=(("access_code", "1469674515"), ("passcode", "92234766")),
    ),
    "goto_en": Case(
        provider=GOTO,
        ids=("691818141",),
        pins=("691818141",),
        phones=tuple(
            f"tel:+{number},,691818141#"
            for number in ("18775684106", "16692243319", "43720815337", "498001844222", "4969257367300")
        ),
        codes=(("access_code", "691818141"),),
        sips=("sip:691818141@67.217.95.2",),
    ),
    "meet_en": Case(
        provider=MEET,
        pins=("934959535",),
        phones=("tel:+14136484559,,934959535#",),
        codes=(("pin", "934959535"),),
    ),
    "meet_fr": Case(
        provider=MEET,
        pins=("943285463",),
        phones=("tel:+33187405123,,943285463#",),
        codes=(("pin", "943285463"),),
    ),
    "meet_ar": Case(
        provider=MEET,
        pins=("934959535",),
        phones=("tel:+966115173700,,934959535#",),
        codes=(("pin", "934959535"),),
    ),
    "skype_for_business_en": Case(
        provider=SKYPE,
        pins=("9549110989",),
        phones=("tel:+18773614628,,9549110989#", "tel:+14692148518,,9549110989#"),
        codes=(("access_code", "9549110989"),),
    ),
    "jitsi_en": Case(
        provider="Jitsi",
        pins=("1073764834",),
        phones=("tel:+15126471431,,1073764834#",),
        codes=(("pin", "1073764834"),),
    ),
    "by_hand_de": Case(
        provider="",
        pins=("4711",),
        phones=("tel:+496938079883,,4711#",),
        codes=(("pin", "4711"),),
    ),
    "no_dial_in": Case(provider="", phones=()),
}

CODES = ("meeting_code", "access_code", "passcode", "password", "pin")


def invitation(name: str) -> str:
    return (INVITATIONS / f"{name}.txt").read_text(encoding="utf-8")


def codes(point: ShownEntryPoint) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name in CODES if (value := getattr(point, name)) is not None)


def test_every_invitation_is_read() -> None:
    assert {path.stem for path in INVITATIONS.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_invitation_tells(name: str) -> None:
    case = CASES[name]
    told = read(invitation(name), case.provider)
    assert tuple(point.uri for point in told.phones) == case.phones
    assert {codes(point) for point in told.phones} == ({case.codes} if case.phones else set())
    assert (told.meeting_codes, told.passcodes, told.pins, told.sips) == (
        *(case.ids, case.passcodes, case.pins, case.sips),
    )


@pytest.mark.parametrize("provider", ["", ZOOM, TEAMS, WEBEX, GOTO, MEET, SKYPE, "Jitsi"])
def test_dates_orders_accounts_and_peoples_own_numbers_are_no_dial_in(provider: str) -> None:
    assert read(invitation("no_dial_in"), provider) == DialIn()


BARE = {"zoom_ar", "zoom_add_on", "webex_audio_only", "skype_for_business_en"}
"""What is typed stands there in digits alone: only who knows the vendor can tell."""


@pytest.mark.parametrize("name", sorted(set(CASES) - BARE))
def test_of_an_unknown_provider_the_same_is_dialled(name: str) -> None:
    assert tuple(point.uri for point in read(invitation(name)).phones) == CASES[name].phones


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "uri", "label"),
    [
        ("+12532050468,,81234567890#,,,,*010383# US", f"tel:+12532050468{ZOOM_THEN}", "+1 253-205-0468"),
        ("tel:+1-253-205-0468,,81234567890#", "tel:+12532050468,,81234567890#", "+1 253-205-0468"),
        ("<tel:%2B12532050468%2C%2C123456%23>", "tel:+12532050468,,123456#", "+1 253-205-0468"),
        ("tel:+12345678900,,,123456789;1234", "tel:+12345678900,,,123456789;1234", "+1 234-567-8900"),
        ("+44 (0)20 3481 5240,,123456#", "tel:+442034815240,,123456#", "+44 20 3481 5240"),
        ("0044 20 3481 5240,,123456#", "tel:+442034815240,,123456#", "+44 20 3481 5240"),
        ("(US) 413-648-4559,,123456#", "tel:+14136484559,,123456#", "+1 413-648-4559"),
        ("UK 020 3481 5240,,123456#", "tel:+442034815240,,123456#", "+44 20 3481 5240"),
        ("+1.512.647.1431,,123 456 789#", "tel:+15126471431,,123456789#", "+1 512-647-1431"),
        ("+1 613 555 1212 ext. 27777,,123456#", "tel:+16135551212,,27777,,123456#", "+1 613-555-1212"),
        ("+1 613 555 1212;ext=27777,,123456#", "tel:+16135551212,,27777,,123456#", "+1 613-555-1212"),
        ("+1 613 555 1212 x27777 PIN: 123456#", "tel:+16135551212,,27777,,123456#", "+1 613-555-1212"),
        ("＋８１ 3 4578 1488 PIN：１２３４＃", "tel:+81345781488,,1234#", "+81 3-4578-1488"),
        ("\u202a+٤٩ ٦٩ 38079883\u202c PIN: ١٢٣٤#", "tel:+496938079883,,1234#", "+49 69 38079883"),
        ("in nobody's plan: 0800123,,4711#", "tel:0800123,,4711#", "0800123"),
    ],
)  # fmt: skip
def test_a_number_and_what_is_dialled_after_it(text: str, uri: str, label: str) -> None:
    (point,) = read(text).phones
    assert (point.uri, point.label) == (uri, label)


@pytest.mark.parametrize(
    ("line", "features"),
    [
        ("+1 844-531-0958 US Toll Free", ("toll_free",)),
        ("+49 800 1844222 Deutschland", ("toll_free",)),
        ("+1 669-234-1178 US Toll", ("toll",)),
        ("+1 669-234-1178 US", ()),
    ],
)
def test_what_a_call_costs(line: str, features: tuple[str, ...]) -> None:
    (point,) = read(f"{line}\nPIN: 123456#").phones
    assert point.features == features


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-28 14:00-15:30",
        "28.11.2026",
        "10115 Berlin",
        "IBAN DE89 3704 0044 0532 0130 00",
        "GB82 WEST 1234 5698 7654 32",
        "Order 4500012345",
        "Meeting ID: 857 7588 4256",
        "192.168.10.25",
        "67.217.95.2##691818141",
        "4111 1111 1111 1111",
        "https://example.com/+4969380798831",
        "part A+49-69-3807988",
        "12:30 PM 8773614628",
        "account 877 361 4628",
        "+1 123 456 7890",
        "x+49 69 38079883@example.com",
    ],
)
def test_what_is_no_telephone_number(line: str) -> None:
    assert read(f"{line}\nPIN: 4711#").phones == ()


def test_a_persons_number_above_the_invitation_is_not_taken() -> None:
    told = read(invitation("teams_en"), TEAMS)
    assert not any("171" in point.uri or "901820" in point.uri for point in told.phones)


def test_two_meetings_in_one_text_keep_their_numbers_and_codes() -> None:
    text = invitation("zoom_de") + "\n" * 2 + invitation("zoom_en").replace("812", "999").replace("010383", "777777")
    told = read(text, ZOOM)
    assert told.meeting_codes[:2] == (ZOOM_ID, "99934567890")
    assert {(point.meeting_code, point.passcode) for point in told.phones} == {
        (ZOOM_ID, "010383"),
        ("99934567890", "777777"),
    }


def test_no_more_numbers_than_an_event_has_entry_points() -> None:
    lines = "".join(f"+1 253 205 {last:04}\n" for last in range(400))
    assert len(read(f"PIN: 1234#\n{lines}").phones) == 300


# --- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "passcode"),
    [
        ("Passcode: 6Z3fiV", "6Z3fiV"),
        ("Passcode: TkGpQw", "TkGpQw"),
        ("Kenncode: 010383", "010383"),
        ("Code secret : s3cret!", "s3cret!"),
        ("パスコード：aB12cd", "aB12cd"),
        ("Passwort: geheim", "geheim"),
        ("Wachtwoord: a1b2c3", "a1b2c3"),
    ],
)
def test_what_follows_the_id_and_looks_secret_is_the_passcode(line: str, passcode: str) -> None:
    assert read(f"https://zoom.us/j/{ZOOM_ID}\nID: {ZOOM_ID}\n\n{line}", ZOOM).passcodes == (passcode,)
    assert read(f"https://zoom.us/j/{ZOOM_ID} (ID: {ZOOM_ID}, {line})", ZOOM).passcodes == (passcode,)


@pytest.mark.parametrize(
    "line",
    [
        "Host: Maria",
        "Agenda: budget",
        "Time: 14:30",
        "Date: 2026-11-28",
        "Room: 4.312",
        "See: https://a.example/6Z3fiV",
    ],
)
def test_what_follows_the_id_and_is_no_passcode(line: str) -> None:
    assert read(f"https://zoom.us/j/{ZOOM_ID}\nID: {ZOOM_ID}\n{line}", ZOOM).passcodes == ()


@pytest.mark.parametrize("text", ["issue 1234#", "Room: 1234", "PIN: 1234", "C: 4711"])
def test_digits_far_from_any_number_are_typed_on_no_telephone(text: str) -> None:
    assert read(text).pins == ()


@pytest.mark.parametrize(
    ("text", "sips"),
    [
        ("sip:room@example.com", ("sip:room@example.com",)),
        ("SIPS:room@example.com.", ("sips:room@example.com",)),
        ("1469674515@example.webex.com", ("sip:1469674515@example.webex.com",)),
        ("sip: room@example.com (PIN: 1234)", ("sip:room@example.com",)),
        ("messenger@webex.com", ()),
        ("123456789@qq.com", ()),
        ("maria@example.com", ()),
        ("https://zoom.us/j/81234567890 81234567890@vc.example.com", ("sip:81234567890@vc.example.com",)),
        ("123@evilzoomcrc.com", ()),
    ],
)
def test_addresses_of_video_systems(text: str, sips: tuple[str, ...]) -> None:
    assert read(text).sips == sips


def test_our_own_block_is_read_back() -> None:
    link = "https://video.example/r"
    points = (
        EntryPoint(type=EntryPointType.VIDEO, uri=link, meeting_code="123456789", passcode="secret"),
        EntryPoint(type=EntryPointType.PHONE, uri="tel:+496938079883", label="+49 69 38079883", access_code="123456"),
        EntryPoint(type=EntryPointType.SIP, uri="sip:r@example.com", label="r@example.com"),
    )
    told = read(render("Video", "cs1-x", ConferenceDetails(entry_points=points)))
    assert (told.meeting_codes, told.passcodes, told.pins) == (("123456789",), ("secret",), ("123456",))
    assert [point.uri for point in told.phones] == ["tel:+496938079883,,123456#"]
    assert told.sips == ("sip:r@example.com",)


# --- any text --------------------------------------------------------------------------------------------------------

PROSE = st.text(st.sampled_from("abcdefgh XYZ.,!?\näéßñç中文日本語عربي"), max_size=300)
PIECES = st.sampled_from(
    [
        *("+1 253 205 0468", "+49 69 38079883", "US 8773614628", ",,", "81234567890#", "*010383#", "PIN: ", "4711#"),
        *("ID: 812 3456 7890", "\n", " ", "(", ")", ":", "tel:", "https://zoom.us/j/81234567890", "Ab1cde"),
        *("\u0664\u0669", "\uff0b", "2026-11-28", "192.168.0.1", "ext. 12", "a@b.example", "DE89 3704 0044 0532 0130"),
    ]
)  # fmt: skip
MADE = st.lists(PIECES, max_size=40).map("".join)


@given(st.text() | MADE, st.sampled_from(["", ZOOM, TEAMS, WEBEX, GOTO, MEET, SKYPE]))
def test_any_text_is_taken_and_tells_no_more_than_is_there(text: str, provider: str) -> None:
    told = read(text, provider)
    numbers = re.findall(r"\d(?:[ ().\-/]{0,3}\d){6,}", text)
    assert len(told.phones) <= len(numbers)
    assert len({point.uri for point in told.phones}) == len(told.phones)
    for point in told.phones:
        assert re.fullmatch(r"tel:\+?\d+(,,\d+)?[,;][\d*#,;]+", point.uri, re.ASCII)
    assert all(code.isascii() and code.isdigit() for code in (*told.meeting_codes, *told.pins))


@given(PROSE, st.sampled_from(sorted(CASES)), PROSE)
def test_prose_around_an_invitation_changes_nothing(before: str, name: str, after: str) -> None:
    text = invitation(name)
    assert read(f"{before}\n{text}\n{after}", CASES[name].provider) == read(text, CASES[name].provider)
