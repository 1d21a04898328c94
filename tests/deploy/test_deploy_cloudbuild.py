"""The two builds: Cloud Build takes them, by its discovery document; one checks, as nobody, the other deploys a tag."""

import json
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployment import ROOT

CHECK = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))
DEPLOY = yaml.safe_load((ROOT / "deploy" / "cloudbuild.yaml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in DEPLOY["steps"]}
README = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Google's schema of a build as a JSON Schema in which unknown fields are errors."""
    documents = resources.files("googleapiclient.discovery_cache") / "documents"
    schemas = json.loads((documents / "cloudbuild.v1.json").read_text(encoding="utf-8"))["schemas"]
    return {"$ref": "#/$defs/Build", "$defs": {name: strict(each) for name, each in schemas.items()}}


def strict(node: Any) -> Any:
    """References as JSON Schema has them, formats (of Google's own) left out, and no field but those that are named."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "any":
        return {}
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref']}"}
    told = {name: strict(each) for name, each in node.items() if name not in {"id", "format"} or isinstance(each, dict)}
    return {**told, "additionalProperties": False} if "properties" in told else told


@pytest.mark.parametrize("build", [CHECK, DEPLOY], ids=["check", "deploy"])
def test_cloud_build_knows_every_field(build: dict[str, Any]) -> None:
    jsonschema.validate(build, schema())


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": []},
        {"steps": [{"name": "python", "arguments": []}]},
        {"options": {"logging": "SOMEWHERE"}},
        {"options": {"machineType": "LARGE"}},
    ],
)
def test_a_wrong_field_is_found(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(DEPLOY | wrong, schema())


def account(build: dict[str, Any]) -> str:
    """Its part before the @, in the build's own project."""
    name = build["serviceAccount"].removeprefix("projects/$PROJECT_ID/serviceAccounts/")
    return str(name.removesuffix("@$PROJECT_ID.iam.gserviceaccount.com"))


def test_what_anybody_pushes_is_run_by_an_account_that_can_do_nothing() -> None:
    assert [step["id"] for step in CHECK["steps"]] == ["tools", "check"]
    assert "deploy.py" not in str(CHECK)
    assert account(CHECK) == "confsync-check"
    given = re.findall(r"serviceAccount:confsync-check@\S+ --role=(\S+)", README)
    assert set(given) == {"roles/logging.logWriter"}


def test_what_is_planned_is_then_deployed_by_an_account_that_runs_no_tests() -> None:
    assert list(STEPS) == ["tools", "install", "plan", "apply"]
    assert STEPS["plan"]["args"] == ["deploy/deploy.py", "plan", "--env=${_ENV}"]
    assert "check" not in str(DEPLOY)
    assert account(DEPLOY) == "confsync-deploy"


def test_no_environment_is_taken_unless_it_is_named() -> None:
    """A trigger that names none gets an empty one, which deploy.py refuses."""
    assert "substitutions" not in DEPLOY
    script = [sys.executable, str(ROOT / "deploy" / "deploy.py"), "plan", "--env="]
    done = subprocess.run(script, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--env" in done.stderr


@pytest.mark.parametrize(("tag", "said"), [("", "no tag, no deployment"), ("v1", "deploy/deploy.py apply --env=prod")])
def test_only_a_tag_is_deployed(tmp_path: Path, tag: str, said: str) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    flag, script = STEPS["apply"]["args"]
    command = ["bash", flag, script.replace("$TAG_NAME", tag).replace("${_ENV}", "prod")]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, env={"PATH": os.defpath})
    assert done.stdout.strip() == said
