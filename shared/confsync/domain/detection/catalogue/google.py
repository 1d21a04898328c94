"""Google's own."""

from confsync.domain.detection.service import Form, Service

GOOGLE = (
    Service(
        name="Google Meet",
        forms=(
            Form(hosts=("meet.google.com",), path=r"/(?:_meet/)?(?P<code>[a-z]{3}-[a-z]{4}-[a-z]{3})"),
            Form(hosts=("meet.google.com",), path=r"/(?:_meet/)?lookup/(?P<id>[\w-]+)"),
        ),
        joins={
            "https://meet.google.com/abc-defg-hij": "abc-defg-hij",
            "https://meet.google.com/_meet/abc-defg-hij?authuser=1&hs=122": "abc-defg-hij",
            "https://meet.google.com/lookup/team-standup": "",
            "HTTPS://MEET.GOOGLE.COM/ABC-DEFG-HIJ": "abc-defg-hij",
        },
        refuses=(
            "https://meet.google.com/",
            "https://meet.google.com/new",
            "https://meet.google.com/landing",
            "https://tel.meet/abc-defg-hij?pin=1234567890123",
            "https://meet.google.com.evil.com/abc-defg-hij",
            "https://support.google.com/meet/answer/9302870",
        ),
        also=("Meet", "Hangouts Meet"),
        lower=True,
        drops=("authuser", "hs", "pli"),
    ),
    Service(
        name="Google Meet live stream",
        forms=(Form(hosts=("stream.meet.google.com",), path=r"/stream/(?P<id>[\w-]+)"),),
        joins={"https://stream.meet.google.com/stream/abc12ab1-abc1-1234-123a-a1234a1abc12": ""},
        refuses=("https://stream.meet.google.com/",),
        drops=("authuser",),
    ),
    Service(
        name="Google Hangouts",
        forms=(
            Form(hosts=("hangouts.google.com",), path=r"/(?:call|group|meet)/(?P<id>[\w-]+)"),
            Form(hosts=("hangouts.google.com", "plus.google.com"), path=r"/hangouts/_/(?P<id>.+)"),
        ),
        joins={
            "https://hangouts.google.com/call/abcdefghijklmnopqrstuvwxyz": "",
            "https://hangouts.google.com/hangouts/_/example.com/standup": "",
            "https://plus.google.com/hangouts/_/example.com/standup": "",
        },
        refuses=("https://hangouts.google.com/", "https://hangouts.google.com/webchat/start"),
        drops=("authuser", "hceid"),
    ),
    Service(
        name="Google Duo",
        forms=(Form(hosts=("duo.app.goo.gl",), path=r"/(?P<id>[\w-]+)"),),
        joins={"https://duo.app.goo.gl/kF3aGm5": ""},
        refuses=("https://duo.google.com/about/",),
    ),
    Service(
        name="Google Workspace alias",
        provider="Google Meet",
        forms=(Form(hosts=("g.co",), path=r"/meet/(?P<id>[\w-]+)"),),
        joins={"https://g.co/meet/standup": ""},
        refuses=("https://g.co/recover",),
    ),
)
