"""The HTTP API as a real process: whatever its contract allows, and much that it does not, is answered as it says."""

from pathlib import Path

import pytest

from playground.cloud import APPLICATION
from playground.project import Tempo, running
from tests import fuzz

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("contract")]


@pytest.mark.timeout(240)
def test_whatever_is_asked_the_contract_is_kept(tmp_path: Path) -> None:
    with running(tmp_path, tempo=Tempo(requests=90_000)) as project:
        url = project.functions["events"].url
        fuzz.run(url, project.cloud.identity_token(APPLICATION, url))
