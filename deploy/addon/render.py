"""The conferencing add-on of an environment, in both of its ways: files for Google, made of `config/<env>.toml`.

    python deploy/addon/render.py --env=prod [--out=build/addon]

`deployment.json` is for `gcloud workspace-add-ons deployments create`, the folder `apps-script` is a project of Apps
Script. README.md says which of them to use. Fields:
https://developers.google.com/workspace/add-ons/reference/rest/v1/projects.deployments ·
https://developers.google.com/apps-script/manifest/addons
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from confsync import config
from confsync.domain.errors import NotConfigured

ROOT = Path(__file__).parents[2]
CODE = Path(__file__).with_name("Code.gs")
GOOGLE = "https://www.googleapis.com/auth/"
SCOPES = (
    f"{GOOGLE}calendar.addons.execute",
    f"{GOOGLE}calendar.addons.current.event.read",
    f"{GOOGLE}calendar.addons.current.event.write",
    f"{GOOGLE}userinfo.email",
)
"""To be called by Calendar with the event's ids, as Google's own sample of such an add-on is, and to know by whom:
https://developers.google.com/workspace/add-ons/samples/conferencing-sample"""
READ_EVENTS = f"{GOOGLE}calendar.events.readonly"
"""The event's title and times, by the token that comes with Calendar's request. The script is given none to hand on."""
CALL_CONFSYNC = ("openid", f"{GOOGLE}script.external_request")
"""An identity token, and requests to other servers. https://developers.google.com/apps-script/guides/services/cloud-run"""

Json = dict[str, Any]


def render(settings: config.Settings) -> Mapping[str, str]:
    """The files by their names. Raises `NotConfigured`, which names the key."""
    code = CODE.read_text(encoding="utf-8")
    return {
        "deployment.json": _text(deployment(settings)),
        "apps-script/appsscript.json": _text(script_manifest(settings)),
        "apps-script/Code.gs": code,
        "apps-script/Solutions.gs": solutions_script(settings),
    }


def deployment(settings: config.Settings) -> Json:
    """The HTTP add-on: Calendar itself calls the function.

    Granular consent is a must for those that were made since 27 May 2025: people may allow some scopes only.
    """
    url = address(settings)
    functions = {solution_id: f"{url}?solution={quote(solution_id)}" for solution_id in settings.solutions}
    add_ons = _add_ons(settings, functions, f"{url}?settings=true")
    options = {"authorizationHeader": "SYSTEM_ID_TOKEN", "granularOauthPermissionSupport": "OPT_IN"}
    return {"oauthScopes": [*SCOPES, READ_EVENTS], "addOns": {**add_ons, "httpOptions": options}}


def script_manifest(settings: config.Settings) -> Json:
    """The Apps Script project's `appsscript.json`: Calendar calls functions of Solutions.gs and Code.gs."""
    return {
        "timeZone": "Etc/UTC",
        "runtimeVersion": "V8",
        "exceptionLogging": "STACKDRIVER",
        "oauthScopes": [*SCOPES, *CALL_CONFSYNC],
        "urlFetchWhitelist": [address(settings)],
        "addOns": _add_ons(settings, function_names(settings), "createSettingsUrl"),
    }


def solutions_script(settings: config.Settings) -> str:
    """Solutions.gs: Calendar does not tell a function which solution was chosen, so there is one for each."""
    lines = ["/** Made by render.py. Calendar calls the function of the solution that was chosen. */", ""]
    lines.append(f"const CONFSYNC = {json.dumps(address(settings))};")
    for solution_id, name in function_names(settings).items():
        lines += ["", f"function {name}(event) {{", f"  return create_({json.dumps(solution_id)}, event);", "}"]
    return "\n".join(lines) + "\n"


def address(settings: config.Settings) -> str:
    """The function's address, with a path. Its tokens are for its address, so it is the first of its audiences.

    https://developers.google.com/apps-script/manifest/allowlist-url
    """
    audiences = settings.callers_of("create_conference").audiences
    url = config.required("callers.create_conference.audiences", next(iter(audiences), None))
    return url if url.count("/") > 2 else f"{url}/"


def function_names(settings: config.Settings) -> Mapping[str, str]:
    """By solution. Raises `NotConfigured` for two that would have the same."""
    names: dict[str, str] = {}
    for solution_id in settings.solutions:
        words = re.split(r"[^A-Za-z0-9]+", solution_id)
        name = f"create{''.join(word.capitalize() for word in words)}Conference"
        if name in names.values():
            raise NotConfigured(f"solutions.{solution_id}: another solution's name differs in its punctuation only")
        names[solution_id] = name
    return names


def _add_ons(settings: config.Settings, functions: Mapping[str, str], settings_function: str) -> Json:
    """What both ways have in common. People have settings where they have accounts of their own."""
    logo = config.required("addon.logo_url", settings.addon.logo_url)
    solutions = [
        {"id": key, "name": each.name, "logoUrl": each.icon_url or logo, "onCreateFunction": functions[key]}
        for key, each in settings.solutions.items()
    ]
    calendar: Json = {"conferenceSolution": solutions, "currentEventAccess": "READ_WRITE"}
    if settings.connect.url:
        calendar["createSettingsUrlFunction"] = settings_function
    common = {"name": settings.addon.name, "logoUrl": logo, "homepageTrigger": {"enabled": False}}
    return {"common": common, "calendar": calendar}


def _text(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the files of the conferencing add-on.")
    parser.add_argument("--env", required=True, help="the environment: deploy/config/<env>.toml")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "addon", help="where to (default: build/addon)")
    options = parser.parse_args(arguments)
    try:
        files = render(config.load({config.CONFIG_VARIABLE: str(ROOT / f"deploy/config/{options.env}.toml")}))
    except NotConfigured as error:
        print(f"render.py: {error}", file=sys.stderr)
        return 1
    for name, text in files.items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
