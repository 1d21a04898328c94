"""What is sealed is opened by its ring of keys, and by nobody else."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from confsync.adapters.sealing import FernetSealer
from confsync.domain.errors import NotConfigured

OLD, NEW, OTHER = (Fernet.generate_key() for _ in range(3))


@given(st.text())
def test_what_is_sealed_is_opened(text: str) -> None:
    sealer = FernetSealer([NEW])
    sealed = sealer.seal(text)
    assert sealer.open(sealed) == text
    assert sealed != sealer.seal(text), "the same text never looks the same"
    assert len(text) < 4 or text not in sealed


def test_the_newest_key_seals_and_the_older_ones_open() -> None:
    before = FernetSealer([OLD]).seal("secret")
    both = FernetSealer([NEW, OLD])
    assert both.open(before) == "secret"
    assert FernetSealer([NEW]).open(both.seal("secret")) == "secret"
    with pytest.raises(NotConfigured):
        FernetSealer([OLD]).open(both.seal("secret"))


def test_sealing_anew() -> None:
    before = FernetSealer([OLD]).seal("secret")
    both = FernetSealer([NEW, OLD])
    after = both.reseal(before)
    assert FernetSealer([NEW]).open(after) == "secret"
    assert both.reseal(after) == after
    with pytest.raises(NotConfigured, match="taken away too early"):
        FernetSealer([OTHER]).reseal(after)


@pytest.mark.parametrize(
    "sealed",
    ["", "x", "gAAAAA", "\N{SNOWMAN}", FernetSealer([OTHER]).seal("secret")],
    ids=["empty", "x", "begun", "no ascii", "another key"],
)
def test_what_no_key_opens(sealed: str) -> None:
    with pytest.raises(NotConfigured, match="no connection key opens") as refused:
        FernetSealer([NEW, OLD]).open(sealed)
    assert refused.value.__cause__ is None
    assert "secret" not in str(refused.value)


def test_what_somebody_changed_is_not_opened() -> None:
    sealed = FernetSealer([NEW]).seal("secret")
    middle = len(sealed) // 2
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    with pytest.raises(NotConfigured):
        FernetSealer([NEW]).open(changed)


@pytest.mark.parametrize(
    "keys", [[], [b""], [b"short"], [NEW, b"x" * 44], [NEW[:-1]]], ids=["none", "empty", "short", "second", "cut"]
)
def test_keys_that_are_none(keys: list[bytes]) -> None:
    with pytest.raises(NotConfigured, match="32 random bytes") as refused:
        FernetSealer(keys)
    assert refused.value.__suppress_context__
    assert not any(key.decode() in str(refused.value) for key in keys if key)


def test_nothing_shows_a_key() -> None:
    sealer = FernetSealer([NEW])
    assert NEW.decode() not in f"{sealer!r} {sealer}"
