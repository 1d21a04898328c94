"""Places that stay: offices, classrooms, studios, in which people meet."""

from confsync.domain.detection.service import Form, Service

ROOMS = (
    Service(
        name="Around",
        forms=(Form(hosts=("meet.around.co", "around.co"), path=r"/r/(?P<id>[\w-]+)"),),
        joins={"https://meet.around.co/r/kyafvk1b": "", "https://around.co/r/kyafvk1b": ""},
        refuses=("https://around.co/", "https://around.co/download"),
    ),
    Service(
        name="Jam",
        forms=(Form(hosts=("jam.systems", "beta.jam.systems"), path=r"/(?P<id>[\w-]+)"),),
        joins={"https://jam.systems/standup": ""},
        refuses=("https://jam.systems/",),
    ),
    Service(
        name="Gather",
        forms=(
            Form(
                hosts=("app.gather.town", "gather.town"),
                path=r"/app/(?P<id>\w+/[^/]+)",
                query=r"(?:spawnToken|meeting)=.+",
            ),
        ),
        joins={
            "https://app.gather.town/app/1a2S3d4F5G/1a2S-3d%204F_5G6h?spawnToken=1a2S3d4F5G": "",
            "https://app.gather.town/app/1a2S3d4F5G/office?meeting=1a2S3d4F5G": "",
        },
        refuses=("https://app.gather.town/app", "https://www.gather.town/pricing"),
    ),
    Service(
        name="oVice",
        forms=(
            Form(hosts=("*.ovice.in",), path=r"/(?P<id>lobby/enter|@[\d,]+)?"),
            Form(hosts=("app.ovice.com",), path=r"/(?P<id>[\w-]+(?:/@[\d,]+)?)"),
        ),
        joins={"https://acme.ovice.in/lobby/enter": "", "https://app.ovice.com/acme-office/@102,105": ""},
        refuses=("https://www.ovice.com/ja/price", "https://acme.ovice.in/settings/members"),
    ),
    Service(
        name="Teemyco",
        forms=(Form(hosts=("app.teemyco.com",), path=r"/room/(?P<id>[\w/]+)"),),
        joins={"https://app.teemyco.com/room/7HAQH0keHU0uppUKmL7Z/goOvj4BlHSH1IkgOtaA0": ""},
        refuses=("https://app.teemyco.com/login",),
    ),
    Service(
        name="LiveKit Meet",
        forms=(
            # the fragment is the key of an encrypted room
            Form(hosts=("meet.livekit.io", "*.livekit.io"), path=r"/rooms/(?P<id>[\w-]+)", fragment=r".+"),
            Form(hosts=("meet.livekit.io", "*.livekit.io"), path=r"/rooms/(?P<id>[\w-]+)"),
        ),
        joins={
            "https://meet.livekit.io/rooms/et5r-y80t#r56ryirofs8jjfi3rnxu8ab3": "",
            "https://meet.staging.livekit.io/rooms/of4q-y10s": "",
        },
        refuses=("https://docs.livekit.io/home/", "https://meet.livekit.io/"),
    ),
    Service(
        name="Vowel",
        forms=(Form(hosts=("vowel.com", "*.vowel.com"), path=r"/?", fragment=r"/g/(?P<id>[\w-]+).*"),),
        joins={"https://acme.vowel.com/#/g/0ac0a241-11111": ""},
        refuses=("https://www.vowel.com/", "https://acme.vowel.com/#/settings"),
    ),
    Service(
        name="Blackboard Collaborate",
        forms=(
            Form(
                hosts=tuple(f"{region}.bbcollab.com" for region in ("us", "eu", "ca", "au")),
                path=r"/(?:(?:guest|invite|collab/ui/session/(?:guest|join))/)?(?P<id>[a-f0-9-]{20,40})",
            ),
        ),
        joins={
            "https://us.bbcollab.com/guest/C2419D0F68382D351B97376D6B47ABA2": "",
            "https://eu.bbcollab.com/invite/EFC53F2790E6E50FFCC2AFBC16CC69EE": "",
        },
        refuses=("https://us.bbcollab.com/recording/C2419D0F68382D351B97376D6B47ABA2", "https://us.bbcollab.com/"),
    ),
    Service(
        name="Preply",
        forms=(Form(hosts=("preply.com",), path=r"/(?:[a-z]{2}/)?chat/t-room/(?P<id>\d+)"),),
        joins={"https://preply.com/ua/chat/t-room/3262947?source=email_calendar": ""},
        refuses=("https://preply.com/en/online/english-tutors", "https://preply.com/"),
        drops=("source",),
    ),
    Service(
        name="UserZoom",
        forms=(Form(hosts=("go.userzoom.com",), path=r"/participate/(?P<id>[\w-]+)"),),
        joins={"https://go.userzoom.com/participate/12345aaa-1000-1234-1234-1234-12345aaa": ""},
        refuses=("https://www.userzoom.com/",),
    ),
    Service(
        name="Riverside",
        forms=(Form(hosts=("riverside.fm", "riverside.com"), path=r"/studio/(?P<id>[\w-]+)"),),
        joins={"https://riverside.fm/studio/bobs-podcast?t=0ac0a241": "", "https://riverside.com/studio/bobs": ""},
        refuses=("https://riverside.fm/dashboard/home", "https://riverside.com/blog/podcasting"),
    ),
    Service(
        name="StreamYard",
        forms=(
            Form(
                hosts=("streamyard.com", "www.streamyard.com"), path=r"/(?:guest/)?(?P<id>(?=[a-z]*\d)[a-z0-9]{8,13})"
            ),
        ),
        joins={"https://streamyard.com/guest/u6qes7i8cj?utm_source=test": "", "https://streamyard.com/jexample29t": ""},
        refuses=(
            "https://streamyard.com/pricing",
            "https://streamyard.com/resources",
            "https://streamyard.com/broadcasts",
        ),
    ),
    Service(
        name="VDO.Ninja",
        forms=(
            Form(hosts=("vdo.ninja",), path=r"/?", query=r"(?:room|push|view)=(?P<id>[^&]+)"),
            Form(hosts=("meet.vdo.ninja",), path=r"/(?P<id>[\w-]+)"),
        ),
        joins={"https://vdo.ninja/?room=BobsRoom": "", "https://meet.vdo.ninja/BobsRoom": ""},
        refuses=("https://vdo.ninja/", "https://docs.vdo.ninja/getting-started"),
    ),
    Service(
        name="Element Call",
        forms=(Form(hosts=("call.element.io",), path=r"(?:/room)?", fragment=r"/(?P<id>[^?]+).*"),),
        joins={"https://call.element.io/room/#/standup?roomId=!abc&password=GhIjKl": ""},
        refuses=("https://call.element.io/", "https://element.io/pricing"),
    ),
)
