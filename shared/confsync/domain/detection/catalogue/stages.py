"""Where some speak and many watch."""

from confsync.domain.conferencing import Confidence
from confsync.domain.detection.service import Form, Service

STAGES = (
    Service(
        name="YouTube live",
        forms=(
            Form(
                hosts=("youtube.com", "www.youtube.com", "m.youtube.com"),
                path=r"/live/(?P<id>[\w-]{11})",
                confidence=Confidence.MEDIUM,
            ),
        ),
        joins={"https://www.youtube.com/live/dQw4w9WgXcQ?feature=share": ""},
        refuses=(
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://youtu.be/dQw4w9WgXcQ",
            "https://www.youtube.com/@channel",
        ),
        also=("YouTube",),
        drops=("feature", "si"),
    ),
    Service(
        name="Vimeo",
        forms=(
            Form(hosts=("vimeo.com",), path=r"/event/(?P<id>\d+)(?:/[\w/]+)?", confidence=Confidence.MEDIUM),
            Form(hosts=("vimeo.com",), path=r"/showcase/(?P<showcase>\d+)", confidence=Confidence.MEDIUM),
            Form(hosts=("venues.vimeo.com",), path=r"/(?P<venue>\d+/\w+)"),
        ),
        joins={
            "https://vimeo.com/event/1234567": "",
            "https://vimeo.com/showcase/1234567": "",
            "https://venues.vimeo.com/12345678/abcdef123": "",
        },
        refuses=("https://vimeo.com/76979871", "https://vimeo.com/features/livestreaming"),
    ),
    Service(
        name="Luma",
        forms=(Form(hosts=("lu.ma", "luma.com"), path=r"/join/(?P<id>[\w-]+)"),),
        joins={"https://lu.ma/join/g-AbCdEf": ""},
        refuses=("https://lu.ma/discover", "https://lu.ma/standup"),
    ),
    Service(
        name="Venue",
        forms=(Form(hosts=("app.venue.live",), path=r"/app/(?P<id>\w+)"),),
        joins={"https://app.venue.live/app/sdoakdsakdas?token=kndsfglksnd21": ""},
        refuses=("https://app.venue.live/login", "https://venue.live/"),
    ),
    Service(
        name="Livestorm",
        forms=(Form(hosts=("app.livestorm.com", "app.livestorm.co"), path=r"/p/(?P<id>[\w-]+)(?:/live)?"),),
        joins={"https://app.livestorm.com/p/cc113fd5-5de1-406-ba74-85c4892530/live?s=0231a8fb": ""},
        refuses=("https://livestorm.co/pricing", "https://app.livestorm.com/#/login"),
    ),
    Service(
        name="Demio",
        forms=(Form(hosts=("event.demio.com",), path=r"/ref/(?P<id>\w+)"),),
        joins={"https://event.demio.com/ref/AbCdEfGhIjKl": ""},
        refuses=("https://my.demio.com/", "https://www.demio.com/pricing"),
    ),
    Service(
        name="Meetecho",
        forms=(
            Form(
                hosts=("meetings.conf.meetecho.com",), path=r"/(?P<id>\w+)", query=r"(?:session|group)=(?P<session>.+)"
            ),
        ),
        joins={"https://meetings.conf.meetecho.com/ietf122/?session=34071": ""},
        refuses=("https://meetings.conf.meetecho.com/", "https://www.meetecho.com/en/"),
    ),
)
