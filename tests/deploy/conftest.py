"""The deployment's scripts, imported as `python deploy/deploy.py` imports them, and gcloud."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy"))

from deployment import ROOT
from deployment.environment import Environment, load
from deployment.gcloud import Gcloud
from deployment.source import Source
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.projects import gcloud_of

MANIFEST = '{"oauthScopes": [], "addOns": {"common": {"name": "confsync"}}}'


@pytest.fixture
def environment() -> Environment:
    """The example environment."""
    return load("example")


@pytest.fixture
def closed(environment: Environment) -> Environment:
    """The example with IAM in front of `sync_calendar`, which has no secrets."""
    function = msgspec.structs.replace(environment.table.functions["sync_calendar"], callers="configured", secrets={})
    functions = {**environment.table.functions, "sync_calendar": function}
    return replace(environment, table=msgspec.structs.replace(environment.table, functions=functions))


@pytest.fixture
def source() -> Source:
    """Some source, with an add-on."""
    return Source(build="0123456789ab", manifest=MANIFEST)


@pytest.fixture
def cloud() -> Cloud:
    """A project in which there is nothing."""
    return Cloud()


@pytest.fixture
def fake(cloud: Cloud) -> Gcloud:
    """gcloud for that project."""
    return gcloud_of(cloud)


@pytest.fixture(scope="session")
def gcloud() -> str:
    """The real gcloud, which these tests use without network or account."""
    found = shutil.which("gcloud")
    if found is None:
        required = os.environ.get("CI") == "true" or os.environ.get("REQUIRE_GCLOUD") == "1"
        (pytest.fail if required else pytest.skip)("gcloud is not installed: https://cloud.google.com/sdk/docs/install")
    return found


@pytest.fixture(scope="session")
def gcloud_modules(gcloud: str) -> tuple[str, dict[str, str]]:
    """gcloud's own Python, and the environment in which it finds gcloud's modules."""
    info = [gcloud, "info", "--format=value(basic.python_location,installation.sdk_root)"]
    python, sdk = subprocess.run(info, check=True, capture_output=True, text=True).stdout.split()
    return python, {"PYTHONPATH": f"{sdk}/lib:{sdk}/lib/third_party"}


@pytest.fixture(scope="session")
def node() -> str:
    """Node, as Apps Script's V8 runtime."""
    found = shutil.which("node")
    if found is None:
        required = os.environ.get("CI") == "true" or os.environ.get("REQUIRE_NODE") == "1"
        (pytest.fail if required else pytest.skip)("the add-on's script was not run: node is not on the PATH")
    return found


@pytest.fixture(scope="session")
def uploaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The paths that `.gcloudignore` leaves. Its patterns are gitignore's, so git reads them, with an empty index."""
    repository = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "--quiet", "--bare", repository], check=True)
    git = ["git", f"--git-dir={repository}", f"--work-tree={ROOT}"]
    listing = [*git, "ls-files", "-z", "--others", "--exclude-from=.gcloudignore"]
    output = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(output.rstrip("\0").split("\0"))
