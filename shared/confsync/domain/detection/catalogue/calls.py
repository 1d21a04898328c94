"""Video calls: a link, a code, people."""

from confsync.domain.conferencing import Confidence
from confsync.domain.detection.service import Form, Service

_ZOHO = ("com", "eu", "in", "com.cn", "com.au", "jp", "ca", "sa")
_WHEREBY_PAGES = "information|pricing|blog|user|login|signup|business|about|embedded|org|help"

CALLS = (
    Service(
        name="RingCentral",
        forms=(
            Form(hosts=("v.ringcentral.com", "video.ringcentral.com"), path=r"/join/(?P<code>\d{6,15})"),
            Form(hosts=("meetings.ringcentral.com", "webinar.ringcentral.com"), path=r"/j/(?P<code>\d{6,15})"),
        ),
        joins={
            "https://v.ringcentral.com/join/123456789?pw=0a1b2c": "123456789",
            "https://meetings.ringcentral.com/j/1490123456": "1490123456",
        },
        refuses=(
            "https://www.ringcentral.com/office/video-conferencing.html",
            "https://support.ringcentral.com/article/123456789",
            "https://v.ringcentral.com/teleconference",
        ),
        also=("RingCentral Video", "RingCentral Meetings"),
        word="password",
    ),
    Service(
        name="Whereby",
        forms=(
            Form(hosts=("whereby.com",), path=rf"/(?!(?:{_WHEREBY_PAGES})$)(?P<code>[\w.-]+)"),
            Form(hosts=("*.whereby.com",), path=r"/(?P<code>[\w.-]+)"),
        ),
        joins={
            "https://whereby.com/bobs-room": "bobs-room",
            "https://acme.whereby.com/standup-7c1d?roomKey=ey.J": "standup-7c1d",
        },
        refuses=("https://whereby.com/", "https://whereby.com/pricing", "https://whereby.com/information/tour/"),
    ),
    Service(
        name="Daily",
        forms=(Form(hosts=("*.daily.co",), path=r"/(?P<code>[\w-]+)"),),
        joins={"https://acme.daily.co/standup": "standup"},
        refuses=("https://www.daily.co/", "https://docs.daily.co/reference/rest-api"),
        also=("Daily.co",),
        drops=("t",),
    ),
    Service(
        name="Zoho Meeting",
        forms=(
            Form(
                hosts=tuple(f"{word}.zoho.{tld}" for tld in _ZOHO for word in ("meeting", "meet")),
                path=r"/(?:meeting/)?join",
                query=r"key=(?P<code>\d+)",
            ),
            Form(hosts=tuple(f"meet.zoho.{tld}" for tld in _ZOHO), path=r"/(?P<id>[\w-]+)"),
        ),
        joins={
            "https://meeting.zoho.eu/join?key=1094572347": "1094572347",
            "https://meeting.zoho.com/meeting/join?key=1094572347&t=abc": "1094572347",
            "https://meet.zoho.in/Ab3-dEf-Ghi": "",
        },
        refuses=(
            "https://www.zoho.com/meeting/",
            "https://meeting.zoho.com/",
            "https://meeting.zoho.com/meeting/login",
        ),
    ),
    Service(
        name="Zoho Cliq",
        forms=(Form(hosts=tuple(f"cliq.zoho.{tld}" for tld in _ZOHO), path=r"/meetings/(?P<id>[\w-]+)"),),
        joins={"https://cliq.zoho.eu/meetings/alsfsma213": ""},
        refuses=("https://cliq.zoho.eu/company/123/chats/456",),
    ),
    Service(
        name="Dialpad Meetings",
        forms=(
            Form(hosts=("meetings.dialpad.com",), path=r"/(?:room/)?(?P<id>[\w.-]+)"),
            Form(hosts=("uberconference.com", "www.uberconference.com"), path=r"/(?:room/)?(?P<id>[\w.-]+)"),
        ),
        joins={
            "https://meetings.dialpad.com/bobsmith": "",
            "https://meetings.dialpad.com/room/bobsmith": "",
            "https://www.uberconference.com/bobsmith": "",
        },
        refuses=("https://www.dialpad.com/meetings/", "https://help.dialpad.com/docs/meetings"),
        also=("UberConference", "Dialpad"),
    ),
    Service(
        name="Lark",
        forms=(Form(hosts=("vc.larksuite.com",), path=r"/j/(?P<code>\d{9,})"),),
        joins={"https://vc.larksuite.com/j/123456789": "123456789"},
        refuses=("https://www.larksuite.com/product/video", "https://vc.larksuite.com/"),
    ),
    Service(
        name="Feishu",
        forms=(Form(hosts=("vc.feishu.cn",), path=r"/j/(?P<code>\d{9,})"),),
        joins={"https://vc.feishu.cn/j/123456789": "123456789"},
        refuses=("https://www.feishu.cn/product/video",),
    ),
    Service(
        name="Tencent Meeting",
        forms=(
            Form(hosts=("meeting.tencent.com",), path=r"/(?:dm|dw|p)/(?P<id>\w+)"),
            Form(hosts=("voovmeeting.com", "www.voovmeeting.com", "meeting.voovmeeting.com"), path=r"/dm/(?P<id>\w+)"),
        ),
        joins={"https://meeting.tencent.com/dm/AbCdEf12GhIj": "", "https://voovmeeting.com/dm/AbCdEf12GhIj": ""},
        refuses=("https://meeting.tencent.com/download/", "https://voovmeeting.com/pricing.html"),
        also=("VooV Meeting", "VooV"),
    ),
    Service(
        name="Zhumu",
        forms=(Form(hosts=("welink.zhumu.com",), path=r"/(?:j|wc/join)/(?P<code>\d+)"),),
        joins={
            "https://welink.zhumu.com/j/0123456789?pwd=Ab1": "0123456789",
            "https://welink.zhumu.com/wc/join/0123456789?wpk=Ab1": "0123456789",
        },
        refuses=("https://welink.zhumu.com/download",),
    ),
    Service(
        name="FaceTime",
        forms=(Form(hosts=("facetime.apple.com",), path=r"/join", fragment=r"(?:.*&)?p=(?P<id>[\w-]+)(?:&.*)?"),),
        joins={"https://facetime.apple.com/join#v=1&p=AeVKu1rGEeyppwJC8kftBg&k=FrCNneouFgL26VdnDit78W": ""},
        refuses=("https://facetime.apple.com/join", "https://support.apple.com/facetime"),
    ),
    Service(
        name="Proton Meet",
        forms=(Form(hosts=("meet.proton.me",), path=r"/join/id-(?P<id>[\w-]+)", fragment=r"pwd-.+"),),
        joins={"https://meet.proton.me/join/id-AB12CD34EF#pwd-GhIjKlMnOp": ""},
        refuses=(
            "https://meet.proton.me/join/id-AB12CD34EF",
            "https://proton.me/meet",
            "https://meet.proton.me/dashboard",
        ),
    ),
    Service(
        name="Slack huddle",
        forms=(Form(hosts=("app.slack.com",), path=r"/huddle/(?P<id>\w+/\w+)"),),
        joins={"https://app.slack.com/huddle/T01ABCDEFGH/C02ABCDEFGH": ""},
        refuses=("https://app.slack.com/client/T01ABCDEFGH/C02ABCDEFGH", "https://acme.slack.com/archives/C02ABCDEFGH"),
        also=("Slack",),
    ),
    Service(
        name="Discord",
        forms=(
            Form(hosts=("discord.gg",), path=r"/(?P<id>[\w-]+)", confidence=Confidence.MEDIUM),
            Form(
                hosts=("discord.com", "www.discord.com", "canary.discord.com", "discordapp.com", "www.discordapp.com"),
                path=r"/(?:invite/(?P<id>[\w-]+)|channels/(?P<channel>[\w@]+/\d+))",
                confidence=Confidence.MEDIUM,
            ),
        ),
        joins={
            "https://discord.gg/hTKzmak": "",
            "https://discord.com/invite/hTKzmak": "",
            "https://discord.com/channels/41771983423143937/127121515262115840": "",
            "discord://discord.com/channels/41771983423143937/127121515262115840": "",
        },
        refuses=("https://discord.com/download", "https://discord.com/", "https://support.discord.com/hc/en-us"),
    ),
    Service(
        name="Workplace",
        forms=(
            Form(hosts=("workplace.com", "*.workplace.com"), path=r"/groupcall/(?P<id>[^/]+)"),
            Form(hosts=("*.workplace.com",), path=r"/meet/(?P<name>[^/]+)"),
        ),
        joins={"https://acme.workplace.com/groupcall/LINK:AbCdEf": "", "https://acme.workplace.com/meet/bob": ""},
        refuses=("https://workplace.com/home", "https://acme.workplace.com/groups/123"),
        also=("Workplace from Meta", "Facebook Workplace"),
    ),
    Service(
        name="VK Calls",
        forms=(Form(hosts=("vk.com", "m.vk.com"), path=r"/call/(?:join/)?(?P<id>[\w-]+)"),),
        joins={"https://vk.com/call/join/AbCdEfGhIjKl": "", "https://vk.com/call/AbCdEfGhIjKl": ""},
        refuses=("https://vk.com/feed", "https://vk.com/calls"),
    ),
    Service(
        name="VSee",
        forms=(
            Form(
                hosts=("vsee.com", "*.vsee.com"), path=r"/(?:c|u|rooms?)/(?P<id>[\w.-]+)", confidence=Confidence.MEDIUM
            ),
        ),
        joins={"https://vsee.com/c/bobsmith": "", "https://clinic.vsee.com/u/bobsmith": ""},
        refuses=("https://vsee.com/", "https://vsee.com/blog/telehealth", "https://help.vsee.com/kb"),
    ),
    Service(
        name="Pumble",
        forms=(Form(hosts=("meet.pumble.com",), path=r"/(?P<code>[a-z]{3}-[a-z]{4}-[a-z]{3})"),),
        joins={"https://meet.pumble.com/vly-hggs-xsn": "vly-hggs-xsn"},
        refuses=("https://pumble.com/features/video-conferencing", "https://meet.pumble.com/"),
    ),
    Service(
        name="Suit Conference",
        forms=(Form(hosts=("*.conference.istesuit.com",), path=r"/(?P<id>[\w.-]+)"),),
        joins={"https://acme.conference.istesuit.com/username": ""},
        refuses=("https://www.istesuit.com/conference",),
    ),
    Service(
        name="Doxy.me",
        forms=(
            Form(
                hosts=("doxy.me", "*.doxy.me"),
                path=r"/(?!(?:account|sign-in|sign-up|pricing|features|blog|en)$)(?P<id>[\w.-]+)",
            ),
        ),
        joins={"https://doxy.me/dr.who": "", "https://bbc.doxy.me/dr.who": ""},
        refuses=("https://doxy.me/sign-in", "https://doxy.me/en/features", "https://doxy.me/"),
    ),
    Service(
        name="Cal Video",
        forms=(Form(hosts=("app.cal.com",), path=r"/video/(?P<id>\w+)"),),
        joins={"https://app.cal.com/video/1de4BmdXEb983kIUHomUnA": ""},
        refuses=("https://app.cal.com/bookings/upcoming", "https://app.cal.com/video/meeting-ended/1de4BmdX"),
    ),
    Service(
        name="Pop",
        forms=(Form(hosts=("pop.com",), path=r"/j/(?P<code>\d{3}-?\d{3}-?\d{3})"),),
        joins={"https://pop.com/j/810-218-630": "810218630"},
        refuses=("https://pop.com/download",),
    ),
    Service(
        name="Tuple",
        forms=(Form(hosts=("tuple.app",), path=r"/c/(?P<id>[\w-]+)"),),
        joins={"https://tuple.app/c/V1StGXR8_Z5jdHi6B": ""},
        refuses=("https://tuple.app/pricing",),
    ),
    Service(
        name="CoScreen",
        forms=(Form(hosts=("join.coscreen.co",), path=r"/(?P<id>[\w-]+(?:/[\w-]+)?)"),),
        joins={"https://join.coscreen.co/Eng-Leads/95RyHqtzn7EoQjQ19ju3": ""},
        refuses=("https://www.coscreen.co/download",),
    ),
    Service(
        name="Demodesk",
        forms=(Form(hosts=("demodesk.com",), path=r"/(?P<id>(?-i:[A-Z0-9]{6,12}))"),),
        joins={"https://demodesk.com/NGYLHDWO": ""},
        refuses=("https://demodesk.com/pricing", "https://demodesk.com/"),
    ),
    Service(
        name="Chorus",
        forms=(Form(hosts=("go.chorus.ai",), path=r"/(?P<id>[\w-]+)"),),
        joins={"https://go.chorus.ai/1234567890": ""},
        refuses=("https://chorus.ai/meeting/1234567890", "https://www.zoominfo.com/solutions/chorus"),
    ),
    Service(
        name="Gong",
        forms=(Form(hosts=("join.gong.io", "*.join.gong.io"), path=r"/(?P<id>[\w-]+/[\w.-]+)"),),
        joins={"https://join.gong.io/mycompany/ryker.morgan": ""},
        refuses=("https://app.gong.io/call?id=1234567890", "https://www.gong.io/"),
    ),
    Service(
        name="Reclaim",
        forms=(Form(hosts=("reclaim.ai",), path=r"/z/(?P<id>[\w./]+)"),),
        joins={"https://reclaim.ai/z/T01ABCDEFGH/C02ABCDEFGH": ""},
        refuses=("https://reclaim.ai/pricing", "https://app.reclaim.ai/planner"),
    ),
    Service(
        name="YouCanBookMe",
        forms=(Form(hosts=("youcanbook.me", "*.youcanbook.me"), path=r"/zoom/(?P<id>[\w-]+)"),),
        joins={"https://youcanbook.me/zoom/0ac0a241": ""},
        refuses=("https://bob.youcanbook.me/", "https://youcanbook.me/pricing"),
    ),
)
