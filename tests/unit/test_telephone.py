"""Numbers as people dial them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.telephone import PAUSE, Number, dial, is_international, number


@pytest.mark.parametrize(
    ("number", "uri", "label"),
    [
        ("+496938079883", "tel:+496938079883", "+49 69 38079883"),
        (" +49 (69) 3807-9883", "tel:+496938079883", "+49 69 38079883"),
        ("+49 (0)69 38079883", "tel:+496938079883", "+49 69 38079883"),
        ("\uff0b49 69 38079883", "tel:+496938079883", "+49 69 38079883"),  # full width, as in Japan
        ("+1 613 555 1212 ext. 27777", "tel:+16135551212,,27777", "+1 613-555-1212 ext. 27777"),
        ("+1 613 555 1212;ext=27777", "tel:+16135551212,,27777", "+1 613-555-1212 ext. 27777"),
        ("+1 613 555 1212 x27777", "tel:+16135551212,,27777", "+1 613-555-1212 ext. 27777"),
        ("tel:+1-613-555-1212;ext=27777", "tel:+16135551212,,27777", "+1 613-555-1212 ext. 27777"),
        ("+1 800 FLOWERS", "tel:+18003569377", "+1 800-356-9377"),
        ("+800 1234 5678", "tel:+80012345678", "+800 1234 5678"),
    ],
)
def test_numbers_in_international_form(number: str, uri: str, label: str) -> None:
    assert is_international(number)
    assert dial(number) == (uri, label)


@pytest.mark.parametrize("number", ["", "none", "613 555 1212", "0049 69 38079883", "+", "+0 12345", "+" + "1" * 300])
def test_what_is_not_in_international_form(number: str) -> None:
    assert not is_international(number)


@pytest.mark.parametrize(
    ("number", "uri", "label"),
    [
        ("1 6135551212", "tel:+16135551212", "+1 613-555-1212"),
        ("49 69 38079883", "tel:+496938079883", "+49 69 38079883"),
        ("+0 12345", "tel:+012345", "+012345"),
        ("+999 1", "tel:+9991", "+9991"),
    ],
)
def test_a_vendors_numbers_are_taken_as_they_come(number: str, uri: str, label: str) -> None:
    assert dial(number) == (uri, label)


@pytest.mark.parametrize("number", ["", " ", "none", "+", "\u00b2", "1" * 30, "1" * 300])
def test_what_is_no_number_at_all(number: str) -> None:
    assert dial(number) is None


@given(st.text())
def test_whatever_stands_there_becomes_a_link_that_can_be_dialled_or_nothing(number: str) -> None:
    dialled = dial(number)
    assert dialled is None or re.fullmatch(r"tel:\+\d+(,,[0-9]+)?", dialled[0], re.ASCII)


def test_an_extension_is_dialled_after_a_pause_and_before_everything_else() -> None:
    uri, _ = dial("+1 613 555 1212 ext. 27777", f"{PAUSE}123#", f"{PAUSE}*4#") or ("", "")
    assert uri == "tel:+16135551212,,27777,,123#,,*4#"


@pytest.mark.parametrize(
    ("text", "region", "found"),
    [
        ("+1 (253) 205-0468", None, Number(e164="+12532050468", label="+1 253-205-0468", region="US", toll_free=False)),
        ("877 853 5257", "US", Number(e164="+18778535257", label="+1 877-853-5257", region="US", toll_free=True)),
        ("0120-123-456", "JP", Number(e164="+81120123456", label="+81 120-123-456", region="JP", toll_free=True)),
        ("+800 1234 5678", None, Number(e164="+80012345678", label="+800 1234 5678", region=None, toll_free=True)),
        ("+49 69 38079883", "US", Number(e164="+496938079883", label="+49 69 38079883", region="DE", toll_free=False)),
    ],
)
def test_a_number_of_a_numbering_plan(text: str, region: str | None, found: Number) -> None:
    assert number(text, region) == found


@pytest.mark.parametrize(
    ("text", "region"),
    [("877 853 5257", None), ("2 53 20", "DE"), ("877 853 5257", "XX"), ("+1 123 456 7890", None), ("", "US")],
)
def test_what_is_in_no_numbering_plan(text: str, region: str | None) -> None:
    assert number(text, region) is None


@given(st.text(), st.none() | st.sampled_from(["US", "DE", "XX", ""]))
def test_any_text_is_a_number_or_none(text: str, region: str | None) -> None:
    found = number(text, region)
    assert found is None or re.fullmatch(r"\+\d+(,,\d+)?", found.e164, re.ASCII)
