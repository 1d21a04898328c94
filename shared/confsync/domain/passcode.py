"""Passcodes that every policy takes which vendors offer their administrators.

Zoom's choices: a length up to 10; a letter, a digit, a special character of @ - _ *, upper and lower case; no runs of
neighbours ("abc", "321") or of one character. https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0063160
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

# without characters that people take for one another
_CLASSES = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "@-_*")
_DIGITS = ("0123456789",)
MIN_LENGTH = len(_CLASSES)


def passcode(length: int, chance: str, *, digits_only: bool = False) -> str:
    """A passcode of so many characters (at least 4), made from `chance`, an unguessable text.

    One of each class, none beside its neighbour or itself. `digits_only`: for accounts that take nothing else.
    """
    classes = _DIGITS if digits_only else _CLASSES
    numbers = _numbers(chance)
    while True:
        drawn = [_one_of(classes[n % len(classes)], numbers) for n in range(length)]
        for last in range(length - 1, 0, -1):  # so that the classes are in no order
            other = _below(last + 1, numbers)
            drawn[last], drawn[other] = drawn[other], drawn[last]
        text = "".join(drawn)
        if all(abs(ord(one) - ord(two)) > 1 for one, two in pairwise(text)):
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
