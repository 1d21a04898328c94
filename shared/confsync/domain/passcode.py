"""Passcodes that every policy takes which vendors offer their administrators.

Zoom's choices: a length up to 10; a letter, a digit, a special character (its API takes @ - _ *), upper and lower case;
nothing that is known to be weak; no run of neighbours in the alphabet or on a keyboard ("abcde", "12345", "qwert"), or
of one character; or else digits only. https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0063160 and
`meeting_password_requirement` among a user's settings, https://developers.zoom.us/docs/api/users/
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

# without what people take for one another: l and 1, O and 0; in a link that is underlined nobody sees an underscore
_CLASSES = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "@-*")
_DIGITS = ("0123456789",)
MIN_LENGTH = len(_CLASSES)
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = frozenset(pair for run in _RUNS for one, two in pairwise(run) for pair in ((one, two), (two, one)))


def passcode(length: int, chance: str, *, digits_only: bool = False) -> str:
    """A passcode of so many characters (at least 4), made from `chance`, an unguessable text.

    One of each class, and none beside its neighbour or itself. `digits_only`: for accounts that take nothing else.
    """
    classes = _DIGITS if digits_only else _CLASSES
    numbers = _numbers(chance)
    while True:
        drawn = [_one_of(classes[n % len(classes)], numbers) for n in range(length)]
        for last in range(length - 1, 0, -1):  # so that the classes are in no order
            other = _below(last + 1, numbers)
            drawn[last], drawn[other] = drawn[other], drawn[last]
        text = "".join(drawn)
        pairs = list(pairwise(text.lower()))
        if _NEIGHBOURS.isdisjoint(pairs) and all(one != two for one, two in pairs):
            return text


def _one_of(characters: Sequence[str], numbers: Iterator[int]) -> str:
    return characters[_below(len(characters), numbers)]


def _below(bound: int, numbers: Iterator[int]) -> int:
    """An even choice below the bound, which is at most 256."""
    return next(number % bound for number in numbers if number < 256 - 256 % bound)


def _numbers(chance: str) -> Iterator[int]:
    """Bytes without end."""
    block = 0
    while True:
        yield from hashlib.sha256(f"{block} {chance}".encode()).digest()
        block += 1
