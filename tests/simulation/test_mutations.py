"""Every deliberate bug of the mutation check still has its place in the sources."""

import ast

import pytest

from tests.simulation.mutations import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_it_can_be_applied(mutation: Mutation) -> None:
    source = (ROOT / "shared" / "confsync" / mutation.file).read_text(encoding="utf-8")
    mutated = mutation.applied(source)
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source))


def test_there_are_enough_of_them() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 15
