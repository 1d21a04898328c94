"""The vendors that Nylas tells of besides Google, under its names, and what else they have.

https://developer.nylas.com/docs/v3/calendar/add-conferencing/
"""

from confsync.domain.conferencing import Confidence
from confsync.domain.detection.service import Form, Service

_ZOOM = ("zoom.us", "zoom.com", "zoom.com.cn", "zoom.de", "zoom-x.de")
_ZOOM_PATHS = (
    r"/(?:j|s|w|webinar)/(?P<code>\d{9,11})",
    r"/wc/(?P<code>\d{9,11})(?:/(?:join|start))?",
    r"/wc/join/(?P<code>\d{9,11})",
    r"/my/(?P<id>[\w.-]+)",
)
_ZOOM_DROPS = ("uname", "zak")


def _zoom(hosts: tuple[str, ...]) -> tuple[Form, ...]:
    there = tuple(each for host in hosts for each in (host, f"*.{host}"))
    by_number = Form(hosts=there, path="/join", query=r"confno=(?P<code>\d{9,11})")
    return (*(Form(hosts=there, path=path) for path in _ZOOM_PATHS), by_number)


def _teams(*hosts: str) -> tuple[Form, ...]:
    return (
        Form(hosts=hosts, path=r"/meet/(?P<code>\d{9,16})"),
        Form(hosts=hosts, path=r"/l/meetup-join/(?P<id>19:[^/@]+@[a-z0-9.]+)(?:/\d+)?"),
    )


_TEAMS_DROPS = (
    "anon",
    "correlationId",
    "deeplinkId",
    "directDl",
    "enableMobilePage",
    "launchAgent",
    "laentry",
    "msLaunch",
    "suppressPrompt",
    "type",
)
"""What Teams' launcher adds to the address that it was given."""

NYLAS = (
    Service(
        name="Zoom Meeting",
        forms=_zoom(_ZOOM),
        joins={
            "https://us02web.zoom.us/j/85746065432?pwd=QWJjZDEyMzQ.1": "85746065432",
            "https://zoom.us/j/5551112222": "5551112222",
            "https://company.zoom.us/my/username": "",
            "https://zoom.us/s/85746065432": "85746065432",
            "https://zoom.com/w/987654321?tk=ZkPqN8f2.DQkAAA&pwd=AbC9.1": "987654321",
            "https://app.zoom.us/wc/85746065432/join?fromPWA=1&pwd=x": "85746065432",
            "https://zoom.us/wc/join/85746065432": "85746065432",
            "https://zoom.us/join?confno=85746065432": "85746065432",
            "https://client.zoom-x.de/j/65194487075": "65194487075",
            "https://zoom.com.cn/j/85746065432": "85746065432",
            "zoom.us/j/85746065432": "85746065432",
            "zoommtg://zoom.us/join?action=join&confno=85746065432&pwd=xxxx&zc=0": "85746065432",
            "zoomus://zoom.us/join?confno=85746065432": "85746065432",
        },
        refuses=(
            "https://zoom.us/u/kdYmjgJ1Nv",
            "https://zoom.us/join",
            "https://zoom.us/download",
            "https://zoom.us/rec/share/AbCdEf.85746065432",
            "https://zoom.us/rec/play/85746065432",
            "https://zoom.us/meeting/register/tJUsdO6hqT8iG9A",
            "https://zoom.us/webinar/register/WN_85746065432",
            "https://us02web.zoom.us/meeting/85746065432",
            "https://us02web.zoom.us/meeting/85746065432/ics?icsToken=98tyKu",
            "https://zoom.us/profile/setting",
            "https://support.zoom.us/hc/en-us/articles/201362193",
            "https://events.zoom.us/ev/AbCdEfGhIjKl",
            "https://applications.zoom.us/addon/invitation/detail?meetingUuid=abc&signature=def",
            "https://www.zoom.com/en/products/virtual-meetings/",
            "https://zoom.us.evil.com/j/85746065432",
            "https://zoom.us@evil.com/j/85746065432",
            "https://evil.com/?x=zoom.us/j/85746065432",
            "https://evilzoom.us/j/85746065432",
            "https://zoom.us:8443/j/85746065432",
            "https://xn--zom-cka.us/j/85746065432",
        ),
        also=("Zoom", "Zoom Meetings", "Zoom Video"),
        drops=_ZOOM_DROPS,
    ),
    Service(
        name="ZoomGov",
        forms=_zoom(("zoomgov.com",)),
        joins={
            "https://www.zoomgov.com/j/1612345678?pwd=abc": "1612345678",
            "https://zoomgov.com/my/person": "",
            "https://app.zoomgov.com/wc/1612345678/join": "1612345678",
            "https://www.zoomgov.com/wc/join/1612345678": "1612345678",
            "https://www.zoomgov.com/join?confno=1612345678": "1612345678",
        },
        refuses=("https://www.zoomgov.com/u/abGx", "https://www.zoomgov.com/"),
        also=("Zoom for Government",),
        drops=_ZOOM_DROPS,
    ),
    Service(
        name="zm.page",
        forms=(Form(hosts=("*.zm.page",), path=""),),
        joins={"https://bob.zm.page": "", "https://bob.zm.page/": ""},
        refuses=("https://zm.page/", "https://bob.zm.page/privacy/policy"),
    ),
    Service(
        name="Microsoft Teams",
        forms=_teams("teams.microsoft.com", "teams.cloud.microsoft"),
        joins={
            "https://teams.microsoft.com/meet/26374053457629?p=Aa1Bb2Cc3Dd4Ee5": "26374053457629",
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjYx%40thread.v2/0"
            "?context=%7b%22Tid%22%3a%22b8291b4b%22%2c%22Oid%22%3a%22216d2e11%22%7d": "",
            "https://teams.microsoft.com:443/l/meetup-join/19:general@thread.tacv2/1700000000000?context=%7B%7D": "",
            "https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fl%2Fmeetup-join%2F19%3Ameeting_Nj"
            "%40thread.v2%2F0%3Fcontext%3D%257b%2522Tid%2522%253a%2522b8%2522%257d%26anon%3Dtrue&type=meetup-join": "",
            "https://teams.microsoft.com/v2/?meetingjoin=true#/meet/26374053457629?p=Aa1&anon=true": "26374053457629",
            "https://teams.cloud.microsoft/meet/26374053457629?p=Aa1": "26374053457629",
            "msteams:/l/meetup-join/19:meeting_NjYx@thread.v2/0?context=%7b%7d": "",
        },
        refuses=(
            "https://teams.microsoft.com/meetingOptions/?organizerId=216d2e11&threadId=19_meeting_NjYx@thread.v2",
            "https://teams.microsoft.com/l/meetup-join/1",
            "https://teams.microsoft.com/l/team/19%3aabc%40thread.tacv2/conversations",
            "https://teams.microsoft.com/l/channel/19%3aabc%40thread.tacv2/General",
            "https://teams.microsoft.com/l/chat/0/0?users=bob@example.com",
            "https://teams.microsoft.com/downloads",
            "https://dialin.teams.microsoft.com/8551f4c1?id=766918553",
            "https://dialin.teams.cloud.microsoft/usp/pstnconferencing",
            "https://aka.ms/JoinTeamsMeeting?omkt=en-US",
            "https://www.microsoft.com/en-us/microsoft-teams/join-a-meeting",
            "https://www.webex.com/msteams?confid=114528",
        ),
        also=("Teams for Business", "Teams", "Microsoft Teams Meeting", "teamsForBusiness"),
        drops=_TEAMS_DROPS,
    ),
    Service(
        name="Microsoft Teams for governments",
        provider="Microsoft Teams",
        forms=_teams("gov.teams.microsoft.us", "dod.teams.microsoft.us"),
        joins={
            "https://gov.teams.microsoft.us/meet/26374053457629?p=Aa1": "26374053457629",
            "https://dod.teams.microsoft.us/l/meetup-join/19%3adod%3ameeting_ab%40thread.v2/0?context=%7b%7d": "",
        },
        refuses=("https://dialin.teams.microsoft.us/8551f4c1?id=766918553",),
        drops=_TEAMS_DROPS,
    ),
    Service(
        name="Microsoft Teams, personal",
        provider="Microsoft Teams",
        forms=_teams("teams.live.com"),
        joins={
            "https://teams.live.com/meet/9876543210123?p=qHDqtvFSfIg1rT": "9876543210123",
            "https://teams.live.com/l/meetup-join/19:meeting_NjYx@thread.v2/0?context=%7b%7d": "",
            "https://teams.live.com/dl/launcher/launcher.html?url=/_#/meet/9876543210123?p=q&anon=1": "9876543210123",
        },
        refuses=("https://teams.live.com/free/", "https://teams.live.com/l/community/FEAq"),
        drops=_TEAMS_DROPS,
    ),
    Service(
        name="WebEx",
        forms=(
            Form(hosts=("*.webex.com",), path=r"/(?:[\w.-]+/)?j\.php", query=r"MTID=(?P<id>[a-z0-9]+)"),
            Form(hosts=("*.webex.com",), path=r"/(?:meet|join)/(?P<id>[\w.@+-]+)"),
            Form(
                hosts=("*.webex.com",),
                path=r"/(?:wbxmjs/joinservice|webappng)/sites/[\w.-]+/meeting/(?:download|info)/(?P<id>[\w-]+)",
            ),
        ),
        joins={
            "https://acme.webex.com/acme/j.php?MTID=m1f5c9d2e8a7b6c5d4e3f2a1b0c9d8e7f": "",
            "https://acme.webex.com/meet/bob.smith": "",
            "https://acme.webex.com/join/bob": "",
            "https://acme.webex.com/webappng/sites/acme/meeting/download/0ac0a241c0de": "",
            "https://acme.webex.com/wbxmjs/joinservice/sites/acme/meeting/download/0ac0a241c0de": "",
        },
        refuses=(
            "https://help.webex.com",
            "https://help.webex.com/en-us/article/nrebr6/Join-a-meeting",
            "https://acme.webex.com/acme/globalcallin.php?MTID=t1f5c9d2",
            "https://acme.webex.com/acme/ldr.php?RCID=1f5c9d2e",
            "https://acme.webex.com/recordingservice/sites/acme/recording/playback/1f5c",
            "https://acme.webex.com/webappng/sites/acme/dashboard",
            "https://www.webex.com/downloads.html",
            "https://www.webex.com/msteams",
        ),
        also=("Webex", "Cisco Webex", "Webex Meeting", "Webex Meetings"),
        word="password",
    ),
    Service(
        name="GoToMeeting",
        forms=(
            Form(hosts=("gotomeeting.com", "*.gotomeeting.com"), path=r"/join/(?P<code>\d{9})"),
            Form(hosts=("meet.goto.com", "www.gotomeet.me", "gotomeet.me"), path=r"/(?P<code>\d{9})"),
            Form(
                hosts=("meet.goto.com", "www.gotomeet.me", "gotomeet.me"),
                path=r"/(?!(?:install|login|privacy|terms|about)$)(?P<id>[a-z][\w.-]+)",
            ),
        ),
        joins={
            "https://global.gotomeeting.com/join/691818141": "691818141",
            "https://www.gotomeeting.com/join/691818141": "691818141",
            "https://meet.goto.com/691818141": "691818141",
            "https://meet.goto.com/BobSmith": "",
            "https://www.gotomeet.me/BobSmith": "",
            "https://gotomeet.me/BobSmith": "",
        },
        refuses=(
            "https://global.gotomeeting.com/install/691818141",
            "https://www.gotomeeting.com/pricing",
            "https://link.gotomeeting.com/system-check",
            "https://support.goto.com/meeting",
            "https://meet.goto.com/install",
        ),
        also=("GoTo Meeting", "GoTo", "GoTo Meetings"),
    ),
    Service(
        name="GoToWebinar",
        forms=(Form(hosts=("*.gotowebinar.com",), path=r"/join/(?P<code>\d+)(?:/\d+)?"),),
        joins={
            "https://global.gotowebinar.com/join/5551112223334445556/107654321": "5551112223334445556",
            "https://attendee.gotowebinar.com/join/5551112223334445556": "5551112223334445556",
        },
        refuses=(
            "https://attendee.gotowebinar.com/register/5551112223334445556",
            "https://attendee.gotowebinar.com/recording/5551112223334445556",
        ),
        also=("GoTo Webinar",),
    ),
    Service(
        name="Skype for Business",
        forms=(
            Form(hosts=("meet.lync.com",), path=r"/[^/]+/[^/]+/(?P<id>[a-z0-9]{4,12})"),
            # a server of somebody's own: `meet.` and `join.` are common names
            Form(
                hosts=("meet.*", "join.*"),
                path=r"/(?:[\w.-]+/)?meet/[\w.-]+/(?P<id>(?-i:[A-Z0-9]{6,12}))",
                confidence=Confidence.LOW,
            ),
            Form(
                hosts=("meet.*",),
                path=r"/[\w.-]+/(?P<id>(?-i:(?=[A-Z]*[0-9])[A-Z0-9]{8}))",
                confidence=Confidence.LOW,
            ),
        ),
        joins={
            "https://meet.lync.com/contoso/bob/ABC1D2EF?sl=1": "",
            "https://join.contoso.example/meet/bob.smith/ABC1D2EF": "",
            "https://meet.contoso.example/bob.smith/ABC1D2EF": "",
        },
        refuses=(
            "https://meet.lync.com/contoso",
            "https://meet.contoso.example/docs/download",
            "https://dialin.contoso.example/bob/ABC1D2EF",
            "https://www.skype.com/en/business/",
        ),
        also=("skypeForBusiness", "Lync"),
        drops=("sl",),
    ),
    Service(
        name="Skype for Consumer",
        forms=(Form(hosts=("join.skype.com",), path=r"/(?:invite/)?(?P<id>[a-z0-9]{8,})"),),
        joins={"https://join.skype.com/aBcDeFgHiJkL": "", "https://join.skype.com/invite/aBcDeFgHiJkL": ""},
        refuses=("https://www.skype.com/en/get-skype/", "https://join.skype.com/"),
        also=("Skype", "skypeForConsumer"),
    ),
)
