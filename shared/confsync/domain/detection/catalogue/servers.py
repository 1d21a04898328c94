"""Software that people run on servers of their own, and those of its servers that are known."""

from confsync.domain.conferencing import Confidence
from confsync.domain.detection.service import Form, Service

_JITSI_PAGES = r"static|privacy|terms|about|close[23]?\.html|index\.html|config\.js"
_BBB = ("bbb.*", "bigbluebutton.*")

SERVERS = (
    Service(
        name="Jitsi Meet",
        forms=(
            Form(
                hosts=("meet.jit.si", "beta.meet.jit.si", "framatalk.org", "kmeet.infomaniak.com", "meet.ffmuc.net"),
                path=rf"/(?!(?:{_JITSI_PAGES})$)(?P<code>[^/]+)",
            ),
        ),
        joins={
            "https://meet.jit.si/QuickFoxesJumpOverDogs": "QuickFoxesJumpOverDogs",
            "https://meet.jit.si/f%C3%BCr-alle?jwt=ey.J#config.startWithAudioMuted=true": "für-alle",
            "https://kmeet.infomaniak.com/bobsroom": "bobsroom",
        },
        refuses=("https://meet.jit.si/", "https://meet.jit.si/static/oldBrowser.html", "https://jitsi.org/jitsi-meet/"),
        also=("Jitsi",),
        word="password",
        drops=("jwt",),
    ),
    Service(
        name="FairMeeting",
        forms=(Form(hosts=("fairmeeting.net",), path=rf"/(?!(?:{_JITSI_PAGES})$)(?P<code>[^/]+)"),),
        joins={"https://fairmeeting.net/bobsroom": "bobsroom"},
        refuses=("https://fairmeeting.net/", "https://www.fairkom.eu/fairmeeting"),
        word="password",
        drops=("jwt",),
    ),
    Service(
        name="8x8",
        forms=(Form(hosts=("8x8.vc",), path=r"/(?!static/)(?P<code>[\w.-]+/[^/]+)"),),
        joins={
            "https://8x8.vc/vpaas-magic-cookie-0ac0a241/standup?jwt=ey.J": "vpaas-magic-cookie-0ac0a241/standup",
            "https://8x8.vc/acme/bobsroom": "acme/bobsroom",
        },
        refuses=(
            "https://8x8.vc/",
            "https://8x8.vc/static/close.html",
            "https://www.8x8.com/products/video-conferencing",
        ),
        also=("8x8 Meet", "JaaS", "8x8 JaaS"),
        word="password",
        drops=("jwt",),
    ),
    Service(
        name="BigBlueButton",
        forms=(
            Form(hosts=("public.senfcall.de", "lecture.senfcall.de"), path=r"/(?P<id>[\w-]+)"),
            Form(hosts=("*.collocall.de",), path=r"/(?P<id>[\w-]+)"),
            Form(hosts=_BBB, path=r"/(?:gl|b)/(?P<id>[\w-]+)", confidence=Confidence.MEDIUM),
            Form(hosts=_BBB, path=r"/rooms/(?P<id>[\w-]+)(?:/join)?", confidence=Confidence.MEDIUM),
        ),
        joins={
            "https://public.senfcall.de/bobs-room": "",
            "https://indigo.collocall.de/bob-ab1-cd2": "",
            "https://bbb.example.org/b/bob-ab1-cd2": "",
            "https://bbb.example.org/gl/bob-ab1-cd2": "",
            "https://bigbluebutton.example.org/rooms/bob-ab1-cd2-ef3/join": "",
        },
        refuses=(
            "https://bbb.example.org/",
            "https://bbb.example.org/playback/presentation/2.3/0ac0a241",
            "https://bigbluebutton.org/downloads/",
            "https://docs.bigbluebutton.org/rooms/faq",
        ),
        also=("BBB",),
    ),
    Service(
        name="GNOME Meet",
        provider="BigBlueButton",
        forms=(Form(hosts=("meet.gnome.org", "meet.gnome.com"), path=r"/(?:b|rooms)/(?P<id>[\w-]+)(?:/join)?"),),
        joins={"https://meet.gnome.org/rooms/bob-ab1-cd2-ef3/join": ""},
        refuses=("https://meet.gnome.org/",),
    ),
    Service(
        name="Nextcloud Talk",
        # a token, on whatever server
        forms=(Form(hosts=("*",), path=r"/(?:index\.php/)?call/(?P<id>(?-i:[a-z0-9]{8}))", confidence=Confidence.LOW),),
        joins={
            "https://cloud.example.org/call/ab3d5fgh": "",
            "https://cloud.example.org/index.php/call/ab3d5fgh": "",
        },
        refuses=(
            "https://cloud.example.org/apps/spreed/",
            "https://cloud.example.org/call/me-maybe",
            "https://cloud.example.org/s/ab3d5fgh",
        ),
        word="password",
    ),
)
