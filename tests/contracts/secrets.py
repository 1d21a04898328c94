"""What every `Secrets` does. Subclass, and give a `world` fixture."""

from typing import Protocol

import pytest

from confsync.domain.errors import NotFound
from confsync.ports import Secrets


class World(Protocol):
    """Secrets, who writes them, and the time that a cache may take to notice."""

    secrets: Secrets

    def put(self, name: str, value: str) -> None: ...
    def wait_for_cache(self) -> None: ...


class SecretsContract:
    def test_gives_back_what_was_put(self, world: World) -> None:
        value = '{"client_id": "a", "key": "grüße\\n"}\nlast line'
        world.put("zoom", value)
        assert world.secrets.get("zoom") == value

    def test_a_rotated_secret_is_seen(self, world: World) -> None:
        world.put("zoom", "old")
        assert world.secrets.get("zoom") == "old"
        world.put("zoom", "new")
        world.wait_for_cache()
        assert world.secrets.get("zoom") == "new"

    @pytest.mark.parametrize("name", ["nosuch", "../zoom", ""])
    def test_what_is_not_there_is_not_found(self, world: World, name: str) -> None:
        world.put("zoom", "value")
        with pytest.raises(NotFound):
            world.secrets.get(name)
