"""Services that have closed, or are about to: their links still stand in calendars, and tell what the meeting was."""

from confsync.domain.detection.service import Form, Service

ENDED = (
    Service(
        name="Amazon Chime",  # until 2026-02-20
        forms=(Form(hosts=("chime.aws", "*.chime.aws"), path=r"/(?:join/|launch/meeting/)?(?P<code>\d{10,13})"),),
        joins={"https://chime.aws/1234567890": "1234567890"},
        refuses=("https://aws.amazon.com/chime/", "https://chime.aws/dialinnumbers/"),
        also=("Chime",),
    ),
    Service(
        name="BlueJeans",
        forms=(
            Form(hosts=("bluejeans.com", "*.bluejeans.com"), path=r"/(?P<code>\d{3,})(?:/\w+)?(?:/webrtc)?"),
            Form(hosts=("primetime.bluejeans.com",), path=r"/a2m/live-event/(?P<id>\w+)"),
        ),
        joins={
            "https://bluejeans.com/123456789/4321": "123456789",
            "https://primetime.bluejeans.com/a2m/live-event/abcdefgh": "",
        },
        refuses=("https://www.bluejeans.com/downloads", "https://support.bluejeans.com/s/article/123456789"),
    ),
    Service(
        name="join.me",
        forms=(Form(hosts=("join.me", "www.join.me"), path=r"/(?P<code>\d{3}-?\d{3}-?\d{3})"),),
        joins={"https://join.me/123-456-789": "123456789", "https://join.me/123456789": "123456789"},
        refuses=("https://www.join.me/pricing", "https://join.me/"),
    ),
    Service(
        name="Blizz",
        forms=(Form(hosts=("go.blizz.com",), path=r"/join/(?P<id>[\w-]+)"),),
        joins={"https://go.blizz.com/join/m12345678": ""},
        refuses=("https://www.blizz.com/download",),
    ),
    Service(
        name="TeamViewer Meeting",
        forms=(Form(hosts=("go.teamviewer.com",), path=r"/(?:v\d+/)?(?P<id>m\d+[\w-]*)"),),
        joins={"https://go.teamviewer.com/m12345678": "", "https://go.teamviewer.com/v15/m12345678": ""},
        refuses=("https://www.teamviewer.com/en/download/", "https://go.teamviewer.com/"),
        also=("TeamViewer",),
    ),
    Service(
        name="StarLeaf",
        forms=(Form(hosts=("meet.starleaf.com",), path=r"/(?P<code>\d{6,})(?:/app)?"),),
        joins={"https://meet.starleaf.com/4123456789": "4123456789"},
        refuses=("https://support.starleaf.com/4123456789",),
    ),
    Service(
        name="Lifesize",
        forms=(Form(hosts=("call.lifesizecloud.com",), path=r"/(?:call/)?(?P<code>\d{4,})"),),
        joins={"https://call.lifesizecloud.com/1234567": "1234567"},
        refuses=("https://call.lifesizecloud.com/numbers", "https://www.lifesize.com/"),
    ),
    Service(
        name="Vonage Meetings",
        forms=(Form(hosts=("meetings.vonage.com",), path=r"/(?P<code>\d{9})"),),
        joins={"https://meetings.vonage.com/123456789": "123456789"},
        refuses=("https://meetings.vonage.com/", "https://www.vonage.com/unified-communications/"),
        also=("Vonage",),
    ),
)
