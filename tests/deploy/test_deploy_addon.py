"""The add-on's files, as rendered from the example environment, against what Google's pages and gcloud say of them."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from addon import render
from confsync import config
from confsync.domain.errors import NotConfigured
from deployment import ROOT
from deployment.environment import load
from tests.deploy.addon_manifests import APPS_SCRIPT, DEPLOYMENT
from tests.deploy.test_deploy_gcloud import lint

Json = dict[str, Any]

# apitools keeps what it does not know, and Google would refuse it
UNKNOWN_FIELDS = """
import sys
from apitools.base.protorpclite.messages import MessageField
from apitools.base.py import encoding
from googlecloudsdk.generated_clients.apis.gsuiteaddons.v1 import gsuiteaddons_v1_messages as messages

def unknown(message):
    yield from message.all_unrecognized_fields()
    for field in message.all_fields():
        if isinstance(field, MessageField) and (value := getattr(message, field.name)):
            for each in value if field.repeated else [value]:
                yield from unknown(each)

deployment = encoding.JsonToMessage(messages.GoogleCloudGsuiteaddonsV1Deployment, sys.stdin.read())
print(*unknown(deployment))
"""


@pytest.fixture(scope="module")
def settings() -> config.Settings:
    return load("example").settings


@pytest.fixture
def deployment(settings: config.Settings) -> Json:
    return render.deployment(settings)


@pytest.fixture
def script_manifest(settings: config.Settings) -> Json:
    return render.script_manifest(settings)


def validate(document: Json, schema: Json) -> None:
    Draft202012Validator(schema).validate(document)


def changed(settings: config.Settings, **sections: Any) -> config.Settings:
    return msgspec.structs.replace(settings, **sections)


def with_solutions(settings: config.Settings, *ids: str) -> config.Settings:
    zoom = settings.solutions["zoom"]
    return changed(settings, solutions={each: msgspec.structs.replace(zoom, name=f"Zoom {each}") for each in ids})


def at(settings: config.Settings, *audiences: str) -> config.Settings:
    create = msgspec.structs.replace(settings.callers["create_conference"], audiences=audiences)
    return changed(settings, callers={"create_conference": create})


def calendar(manifest: Json) -> Json:
    found: Json = manifest["addOns"]["calendar"]
    return found


# --- manifests -------------------------------------------------------------------------------------------------------


def test_the_deployment_is_one_that_google_documents(deployment: Json) -> None:
    validate(deployment, DEPLOYMENT)


def test_the_script_has_a_manifest_that_google_documents(script_manifest: Json) -> None:
    validate(script_manifest, APPS_SCRIPT)


def test_the_schemas_find_a_field_that_is_not_there(deployment: Json, script_manifest: Json) -> None:
    for manifest, schema in ((deployment, DEPLOYMENT), (script_manifest, APPS_SCRIPT)):
        calendar(manifest)["onCreateUrlSettings"] = "https://example.com/"
        with pytest.raises(ValidationError, match="onCreateUrlSettings"):
            validate(manifest, schema)


@pytest.mark.parametrize("wrong", ["", "conferenceSolutions"])
def test_gcloud_knows_every_field(gcloud_modules: tuple[str, dict[str, str]], deployment: Json, wrong: str) -> None:
    python, path = gcloud_modules
    if wrong:
        calendar(deployment)[wrong] = []
    command, text = [python, "-c", UNKNOWN_FIELDS], json.dumps(deployment)
    told = subprocess.run(command, input=text, env=path, check=False, capture_output=True, text=True)
    assert (told.returncode, told.stdout.strip()) == (0, wrong), told.stderr


def test_each_solution_leads_to_the_function_with_its_id(settings: config.Settings, deployment: Json) -> None:
    solutions = calendar(deployment)["conferenceSolution"]
    assert [(each["id"], each["name"]) for each in solutions] == [
        (solution_id, each.name) for solution_id, each in settings.solutions.items()
    ]
    for each in solutions:
        address, _, query = each["onCreateFunction"].partition("?")
        assert address in settings.callers["create_conference"].audiences
        assert parse_qs(query) == {"solution": [each["id"]]}


def test_each_solution_has_a_function_of_its_own(settings: config.Settings, script_manifest: Json) -> None:
    named = {each["id"]: each["onCreateFunction"] for each in calendar(script_manifest)["conferenceSolution"]}
    assert len(set(named.values())) == len(named) == len(settings.solutions)
    assert named["goto_meeting"] == "createGotoMeetingConference"


def test_both_ways_show_people_the_same(deployment: Json, script_manifest: Json) -> None:
    for field in ("id", "name", "logoUrl"):
        http, script = (
            [each[field] for each in calendar(one)["conferenceSolution"]] for one in (deployment, script_manifest)
        )
        assert http == script
    assert deployment["addOns"]["common"] == script_manifest["addOns"]["common"]


def test_a_solution_may_have_a_logo_of_its_own(settings: config.Settings) -> None:
    logo = "https://lh3.googleusercontent.com/zoom"
    zoom = msgspec.structs.replace(settings.solutions["zoom"], icon_url=logo)
    found = render.deployment(changed(settings, solutions={**settings.solutions, "zoom": zoom}))
    logos = {each["id"]: each["logoUrl"] for each in calendar(found)["conferenceSolution"]}
    assert (logos["zoom"], logos["teams"]) == (logo, settings.addon.logo_url)


def test_access_to_events_comes_with_its_scopes(deployment: Json, script_manifest: Json) -> None:
    """https://developers.google.com/apps-script/manifest/calendar-addons"""
    for manifest in (deployment, script_manifest):
        assert calendar(manifest)["currentEventAccess"] == "READ_WRITE"
        scopes = {scope.removeprefix(render.GOOGLE) for scope in manifest["oauthScopes"]}
        assert scopes >= {"calendar.addons.execute", *(f"calendar.addons.current.event.{x}" for x in ("read", "write"))}
        assert "userinfo.email" in scopes, "tokens would name nobody"


def test_without_accounts_of_their_own_people_have_no_settings(settings: config.Settings) -> None:
    bare = changed(settings, connect=config.Connect())
    for manifest in (render.deployment(bare), render.script_manifest(bare)):
        assert "createSettingsUrlFunction" not in calendar(manifest)


# --- addresses and names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "address"),
    [
        ("https://create-1.europe-west1.run.app", "https://create-1.europe-west1.run.app/"),
        ("https://create-1.europe-west1.run.app/", "https://create-1.europe-west1.run.app/"),
        ("https://example.cloudfunctions.net/create", "https://example.cloudfunctions.net/create"),
    ],
)
def test_the_address_is_the_first_audience_and_has_a_path(
    settings: config.Settings, audience: str, address: str
) -> None:
    there = at(settings, audience, "https://another.example.com")
    assert render.address(there) == address
    assert render.script_manifest(there)["urlFetchWhitelist"] == [address]
    validate(render.deployment(there), DEPLOYMENT)
    validate(render.script_manifest(there), APPS_SCRIPT)


def test_ids_are_escaped_wherever_they_go(settings: config.Settings) -> None:
    odd = with_solutions(settings, 'a"b & c?')
    (http,), (script,) = (
        calendar(manifest)["conferenceSolution"] for manifest in (render.deployment(odd), render.script_manifest(odd))
    )
    assert parse_qs(urlsplit(http["onCreateFunction"]).query) == {"solution": ['a"b & c?']}
    assert script["onCreateFunction"] == "createABCConference"
    assert r'create_("a\"b & c?", event)' in render.solutions_script(odd)


@pytest.mark.parametrize("solution_id", ["create", "settings-url", "_", "ä", "1"])
def test_no_name_is_private_or_one_of_the_scripts_own(settings: config.Settings, solution_id: str) -> None:
    found = with_solutions(settings, solution_id)
    (name,) = render.function_names(found).values()
    validate(render.script_manifest(found), APPS_SCRIPT)
    assert name not in re.findall(r"function (\w+)", render.CODE.read_text(encoding="utf-8"))


def test_names_that_would_be_the_same_are_refused(settings: config.Settings) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.my_zoom"):
        render.render(with_solutions(settings, "my-zoom", "my_zoom"))


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"addon": config.Addon()}, "addon.logo_url"),
        ({"callers": {}}, "callers.create_conference"),
    ],
)
def test_what_is_missing_is_named(settings: config.Settings, sections: Json, key: str) -> None:
    with pytest.raises(NotConfigured, match=re.escape(key)):
        render.render(changed(settings, **sections))


# --- the command and the page ----------------------------------------------------------------------------------------


def test_the_command_writes_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render.main(["--env=example", f"--out={tmp_path}"]) == 0
    written = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*.*")}
    assert written == render.render(load("example").settings)
    assert capsys.readouterr().out.count("\n") == len(written) == 4


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render.main(["--env=nowhere", f"--out={tmp_path}"]) == 1
    assert "nowhere.toml" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_script_is_short() -> None:
    assert len(render.CODE.read_text(encoding="utf-8").splitlines()) < 100


def test_gcloud_knows_the_commands_of_the_page(gcloud: str, tmp_path: Path) -> None:
    page = (ROOT / "deploy" / "addon" / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ")
    commands = [shlex.join(shlex.split(line, comments=True)) for line in blocks.splitlines() if "gcloud " in line]
    assert len(commands) >= 4
    assert lint(gcloud, commands, tmp_path) == []
