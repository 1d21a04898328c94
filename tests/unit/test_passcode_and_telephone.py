"""Passcodes that every policy takes, numbers that can be dialled."""

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.passcode import passcode
from confsync.domain.telephone import dial


@given(st.integers(4, 10), st.text(min_size=1))
def test_a_passcode_satisfies_every_policy(length: int, chance: str) -> None:
    made = passcode(length, chance)
    assert len(made) == length
    for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "@-_*"):
        assert set(made) & set(kind), made
    assert set(made) <= set(string.ascii_letters + string.digits + "@-_*")
    assert not set(made) & set("0O1lI"), "people take them for one another"
    assert all(abs(ord(one) - ord(two)) > 1 for one, two in pairwise(made)), "no runs"


@given(st.integers(4, 10), st.text(min_size=1))
def test_where_only_digits_are_taken(length: int, chance: str) -> None:
    made = passcode(length, chance, digits_only=True)
    assert (len(made), made.isdigit()) == (length, True)
    assert all(abs(int(one) - int(two)) > 1 for one, two in pairwise(made))


def test_the_same_chance_is_the_same_passcode_and_another_is_another() -> None:
    assert passcode(8, "a") == passcode(8, "a")
    assert len({passcode(8, str(n)) for n in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("number", "uri", "label"),
    [
        ("+49 69 12345678", "tel:+496912345678,,1#", "+49 69 12345678"),
        ("+1 613 555 1212 ext. 27777", "tel:+16135551212,,27777,,1#", "+1 613-555-1212 ext. 27777"),
        ("+1 613 555 1212;ext=27777", "tel:+16135551212,,27777,,1#", "+1 613-555-1212 ext. 27777"),
        ("12532050468", "tel:+12532050468,,1#", "+1 253-205-0468"),
        ("+999 1", "tel:+9991,,1#", "+9991"),
    ],
)
def test_a_number_is_dialled_with_all_that_belongs_to_it(number: str, uri: str, label: str) -> None:
    assert dial(number, ",,1#") == (uri, label)


@pytest.mark.parametrize("number", ["", "none", "+", "ext."])
def test_what_has_no_number(number: str) -> None:
    assert dial(number) is None


@given(st.text())
def test_any_text_is_dialled_or_not(number: str) -> None:
    dialled = dial(number)
    assert dialled is None or dialled[0].startswith("tel:+")
