"""cloudbuild.yaml: a build that Cloud Build takes, by its discovery document, and that deploys on a tag only."""

import json
import os
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployment import ROOT

BUILD = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in BUILD["steps"]}


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


def test_cloud_build_knows_every_field() -> None:
    jsonschema.validate(BUILD, schema())


@pytest.mark.parametrize(
    "wrong",
    [{"step": []}, {"steps": [{"name": "python", "arguments": []}]}, {"options": {"logging": "SOMEWHERE"}}],
)
def test_a_wrong_field_is_found(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BUILD | wrong, schema())


def test_what_is_checked_is_planned_and_then_deployed() -> None:
    assert list(STEPS) == ["tools", "check", "plan", "apply"]
    assert STEPS["plan"]["args"] == ["deploy/deploy.py", "plan", "--env=${_ENV}"]


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
