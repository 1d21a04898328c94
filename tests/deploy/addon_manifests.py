"""What Google documents of an add-on's two manifests, as JSON schemas: a field that is not named there is a mistake.

HTTP: https://developers.google.com/workspace/add-ons/reference/rest/v1/projects.deployments
Apps Script: https://developers.google.com/apps-script/manifest, .../manifest/addons, .../manifest/calendar-addons
"""

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string", "minLength": 1}
LOGO: Json = {"type": "string", "pattern": r"^https://[^/]+\.googleusercontent\.com/|^https://[^/]+\.gstatic\.com/"}
"""https://developers.google.com/workspace/add-ons/calendar/conferencing/providing-logos"""
SCOPE: Json = {"type": "string", "pattern": r"^(openid|https://www\.googleapis\.com/auth/[a-z._]+)$"}
ENDPOINT: Json = {"type": "string", "pattern": r"^https://[^/?]+/[^?]*(\?[^ ]+)?$"}
FUNCTION: Json = {"type": "string", "pattern": r"^[A-Za-z$][A-Za-z0-9_$]*[A-Za-z0-9$]$"}
"""A name in JavaScript; one that ends with an underscore is private to its script."""
ANYTHING: Json = {}


def exactly(required: Json, **optional: Json) -> Json:
    """An object with these fields and no other."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": [*required],
        "additionalProperties": False,
    }


def texts(each: Json, *, least: int = 1) -> Json:
    """A list in which nothing is there twice."""
    return {"type": "array", "items": each, "minItems": least, "uniqueItems": True}


def calendar(callee: Json, **more: Json) -> Json:
    solution = exactly({"onCreateFunction": callee, "id": TEXT, "name": TEXT, "logoUrl": LOGO})
    return exactly(
        {},
        conferenceSolution=texts(solution),
        createSettingsUrlFunction=callee,
        currentEventAccess={"enum": ["METADATA", "READ", "WRITE", "READ_WRITE"]},
        homepageTrigger=ANYTHING,
        eventOpenTrigger=ANYTHING,
        eventUpdateTrigger=ANYTHING,
        eventAttachmentTrigger=ANYTHING,
        **more,
    )


COMMON = exactly(
    {"name": TEXT, "logoUrl": LOGO},
    homepageTrigger=exactly({}, runFunction=TEXT, enabled={"type": "boolean"}),
    universalActions=ANYTHING,
    openLinkUrlPrefixes=ANYTHING,
    useLocaleFromApp={"type": "boolean"},
    layoutProperties=ANYTHING,
)
HOSTS = dict.fromkeys(("gmail", "drive", "docs", "sheets", "slides", "meet"), ANYTHING)
HTTP_OPTIONS = exactly(
    {},
    authorizationHeader={"enum": ["SYSTEM_ID_TOKEN", "USER_ID_TOKEN", "NONE"]},
    granularOauthPermissionSupport={"enum": ["OPT_IN", "OPT_OUT"]},
)
DEPLOYMENT = exactly(
    {
        "oauthScopes": texts(SCOPE),
        "addOns": exactly(
            {"common": COMMON},
            calendar=calendar(ENDPOINT, calendarNotificationTrigger=ANYTHING),
            httpOptions=HTTP_OPTIONS,
            **HOSTS,
        ),
    },
    name=TEXT,
    etag=TEXT,
)
"""projects.deployments."""
APPS_SCRIPT = exactly(
    {"addOns": exactly({"common": COMMON}, calendar=calendar(FUNCTION), chat=ANYTHING, **HOSTS)},
    timeZone=TEXT,
    oauthScopes=texts(SCOPE),
    urlFetchWhitelist=texts({"type": "string", "pattern": r"^https://[^/*]+\.[^/*]+/"}),
    runtimeVersion={"enum": ["V8", "STABLE", "DEPRECATED_ES5"]},
    exceptionLogging={"enum": ["STACKDRIVER", "NONE"]},
    dependencies=ANYTHING,
    executionApi=ANYTHING,
    sheets=ANYTHING,
    webapp=ANYTHING,
)
"""appsscript.json."""
