"""Words in the form that providers take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.text import cut, plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("just words", "just words"),
        ("two\nlines", "two\nlines"),
        ("a &amp; b &lt; c", "a & b < c"),
        ("<b>bold</b> word", "bold word"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p><p>two</p>three", "one\n\ntwo\nthree"),
        ("<ul><li>one</li></ul>two", "one\n\ntwo"),
        ('<a href="https://example.com">link</a>', "link"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert plain(html) == text


@given(st.text(max_size=50), st.integers(0, 60))
def test_a_cut_text_is_its_own_beginning_and_fits(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert text.startswith(short)
    assert len(short.encode("utf-16-le")) <= 2 * limit
    assert short == text or len((text[: len(short) + 1]).encode("utf-16-le")) > 2 * limit
