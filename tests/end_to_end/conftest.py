"""A project runs for each module and store: SQLite, and Firestore's emulator. Tests keep apart by their people."""

from collections.abc import Iterator

import pytest

from playground.project import Tempo
from tests.end_to_end.row import Row
from tests.end_to_end.world import World, running_world

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
    """The project, in the module's `TEMPO` if it has one, with other people's conferences on one calendar.

    A module may have it `SCALED`.
    """
    emulator = request.getfixturevalue("firestore_host") if request.param == "firestore" else None
    tempo = getattr(request.module, "TEMPO", TEMPO)
    scaled = getattr(request.module, "SCALED", False)
    with running_world(tmp_path_factory.mktemp("project"), tempo, emulator, scaled=scaled) as made:
        yield made


@pytest.fixture
def row(world: World) -> Row:
    """A new row, with no fault left over from a row that failed."""
    world.clear_faults()
    return Row(world)
