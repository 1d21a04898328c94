"""Every passcode satisfies every policy."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.passcode import MIN_LENGTH, passcode

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz")
ALLOWED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@-_*")  # Zoom's reference, `password`


def runs(text: str) -> list[str]:
    """Neighbours that are the same, or beside each other in the alphabet or on a keyboard."""
    beside = {one + two for row in KEYBOARD for each in (row, row[::-1]) for one, two in pairwise(each)}
    return [one + two for one, two in pairwise(text.lower()) if one == two or one + two in beside]


@given(st.integers(MIN_LENGTH, 10), st.text())
def test_it_has_a_character_of_each_class_and_no_run(length: int, chance: str) -> None:
    made = passcode(length, chance)
    assert len(made) == length
    assert set(made) <= ALLOWED
    assert any(map(str.islower, made))
    assert any(map(str.isupper, made))
    assert any(map(str.isdigit, made))
    assert not made.isalnum()
    assert not set("l1IO0_") & set(made)
    assert runs(made) == []


@given(st.integers(MIN_LENGTH, 10), st.text())
def test_accounts_that_take_digits_only_get_digits_only(length: int, chance: str) -> None:
    made = passcode(length, chance, digits_only=True)
    assert len(made) == length
    assert made.isdigit()
    assert runs(made) == []


def test_it_follows_from_chance_alone() -> None:
    assert passcode(8, "one") == passcode(8, "one")
    assert len({passcode(8, str(number)) for number in range(1000)}) == 1000


@pytest.mark.parametrize("digits_only", [True, False])
def test_no_place_has_a_character_that_is_rare_there(digits_only: bool) -> None:
    """Nor does any of them tell what stands there."""
    made = [passcode(6, str(number), digits_only=digits_only) for number in range(6000)]
    whole = Counter("".join(made))
    for place in range(6):
        here = Counter(text[place] for text in made)
        assert all(0.5 < 6 * here[each] / whole[each] < 2 for each in whole)
