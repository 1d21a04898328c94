"""What is uploaded, and the add-on's manifest."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment import ROOT
from deployment.environment import Environment, config_file
from deployment.gcloud import Gcloud

RENDER = ROOT / "deploy" / "addon" / "render.py"
CONFIGS = "deploy/config/"


@dataclass(frozen=True, kw_only=True)
class Source:
    """`build` tells what is uploaded apart from anything else. `manifest` is the add-on's, as JSON; where there is
    none, `missing` says what it takes."""

    build: str
    manifest: str | None = None
    missing: str = ""


def source_of(environment: Environment, gcloud: Gcloud) -> Source:
    """The source of this checkout. Raises `DeployError`."""
    build = _build_of(environment, gcloud)
    if not RENDER.is_file():
        return Source(build=build)
    with TemporaryDirectory() as directory:
        arguments = [sys.executable, str(RENDER), f"--env={environment.name}", f"--out={directory}"]
        result = gcloud.run(arguments, None)
        if result.code != 0:
            return Source(build=build, missing=result.err.strip())
        manifest = (Path(directory) / "deployment.json").read_text(encoding="utf-8")
        return Source(build=build, manifest=manifest)


def _build_of(environment: Environment, gcloud: Gcloud) -> str:
    """12 hex digits: of every file that gcloud uploads, its name and what is in it. Of the environments only this one
    counts."""
    files = gcloud.text("meta", "list-files-for-upload", ".").splitlines()
    digest = hashlib.sha256()
    for name in sorted(files):
        path = ROOT / name
        if not name.startswith(CONFIGS) or path == config_file(environment.name):
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]
