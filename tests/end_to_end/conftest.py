"""A project runs for each module and store: SQLite, and Firestore's emulator. Tests keep apart by their people."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from confsync.adapters.firestore import FirestoreStore
from confsync.adapters.sqlite import SqliteStore
from playground.project import Tempo, running
from tests.end_to_end.promises import Promises
from tests.end_to_end.row import Row
from tests.end_to_end.world import World

TEMPO = Tempo(coalesce=0.2, provider_deadline=1.5, lease=5)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each module has its projects to itself, and so its xdist group; the emulator's group is one for all tests.

    A module may name its `STORES`, if not both.
    """
    marks = {
        "sqlite": [pytest.mark.xdist_group(metafunc.module.__name__)],
        "firestore": [pytest.mark.emulator, pytest.mark.xdist_group("firestore")],
    }
    if "world" in metafunc.fixturenames:
        stores = getattr(metafunc.module, "STORES", marks.keys())
        params = [pytest.param(store, marks=marks[store]) for store in stores]
        metafunc.parametrize("world", params, indirect=True, scope="module")


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The project, in the module's `TEMPO` if it has one, with other people's conferences on one calendar."""
    emulator = request.getfixturevalue("firestore_host") if request.param == "firestore" else None
    tempo = getattr(request.module, "TEMPO", TEMPO)
    directory, database = tmp_path_factory.mktemp("project"), f"run-{uuid4().hex[:20]}"
    with (
        pytest.MonkeyPatch.context() as patch,
        running(directory, tempo=tempo, firestore=emulator, database=database) as project,
    ):
        if emulator:
            patch.setenv("FIRESTORE_EMULATOR_HOST", emulator)
        store = FirestoreStore("playground", database) if emulator else SqliteStore(str(directory / "confsync.sqlite"))
        made = World(project=project, store=store, promises=Promises(cloud=project.cloud, store=store))
        made.seed_others()
        yield made
        store.close()


@pytest.fixture
def row(world: World) -> Row:
    """A new row, with no fault left over from a row that failed."""
    world.clear_faults()
    return Row(world)
