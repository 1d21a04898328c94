"""Addresses in a text: where they begin and end, whatever stands around them."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

_RAW_CONTEXT = re.compile(r'context=(\{"[^{}\s]{1,400}\})')
_LETTERS = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u052f\u05d0-\u05ea\u0620-\u064a"
"""Of scripts that put blanks between words: others would only be the words that follow."""
_IN_ADDRESS = rf"[A-Za-z0-9_!#$%&*+,./:;=?@~{_LETTERS}-]"
_RUN = re.compile(f"{_IN_ADDRESS}+")
_REST = re.compile(f"{_IN_ADDRESS}*")
_CHARACTERS = "".join(filter(re.compile(_IN_ADDRESS).fullmatch, map(chr, range(0x700))))
_SCHEME = re.compile(r"(?:https?|zoommtg|zoomus|msteams|discord):/{1,2}", re.IGNORECASE)
_HOST_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
_MARK = re.compile(r"[?#]")
_DIGITS = "0123456789"
_BEFORE_A_HOST = frozenset(",;:!*~")
_BETWEEN = frozenset(",;!*~")
_AT_THE_END = ".,;:!?"
_AROUND = "*_~"


def addresses(text: str) -> Iterator[str]:
    """Every address in the text, in order, with or without a scheme. Takes time in proportion to its length."""
    if "/" not in text:
        return
    if "context={" in text:  # Teams' addresses, decoded once too often
        text = _RAW_CONTEXT.sub(lambda found: f"context={quote(found[1])}", text)
    slash, at = text.find("/"), 0
    while slash >= 0:
        start = at + len(text[at:slash].rstrip(_CHARACTERS))
        at = _REST.match(text, slash).end()  # type: ignore[union-attr]  # it may be empty
        if text[start - 1 : start] != "\\":  # to browsers, a slash: what follows is no host
            yield from _of_run(text[start:at])
        slash = text.find("/", at)


def replaced(text: str, other: Callable[[str], str]) -> str:
    """The text with another address in the place of each."""

    def of_run(found: re.Match[str]) -> str:
        run, done, at = found[0], [], 0
        for address in _of_run(run) if "/" in run else ():
            start = run.find(address, at)
            done += [run[at:start], other(address)]
            at = start + len(address)
        return "".join([*done, run[at:]])

    return _RUN.sub(of_run, text)


def _of_run(run: str) -> Iterator[str]:
    """The addresses in characters without a gap. What stands within an address is no address of its own."""
    if run.startswith("https://") and "://" not in run[8:]:
        yield _trimmed(run, 0, len(run))
        return
    starts = [found.start() for found in _SCHEME.finditer(run)]
    begin = _bare_start(run[: starts[0]] if starts else run)
    if begin is None:
        if not starts:
            return
        begin = starts.pop(0)
    query = _query(run, begin)
    for start in starts:
        if run[start - 1] in _BETWEEN or (run[start - 1].isalnum() and start < query):
            yield _trimmed(run, begin, start)
            begin = start
            query = query if query > begin else _query(run, begin)
    yield _trimmed(run, begin, len(run))


def _bare_start(text: str) -> int | None:
    """Where an address without a scheme begins, None if what stands before the first slash is no host's name.

    A name that goes on from something else (`bob@host/`, `x=host/`) is not one: that begins where the text does.
    """
    slash = text.find("/")
    head = _without_port(text[: max(slash, 0)])
    start = len(head.rstrip(_HOST_CHARACTERS))
    name, _, last = head[start:].rstrip(".").rpartition(".")
    if not name or not ((last.isalpha() and len(last) > 1) or last.startswith("xn--")):
        return None
    return start if start == 0 or head[start - 1] in _BEFORE_A_HOST else 0


def _without_port(head: str) -> str:
    name = head.rstrip(_DIGITS)
    return name[:-1] if name.endswith(":") and len(name) < len(head) else head


def _query(run: str, begin: int) -> int:
    """Where the query or the fragment of an address begins."""
    mark = _MARK.search(run, begin)
    return mark.start() if mark else len(run)


def _trimmed(run: str, begin: int, end: int) -> str:
    around = run[begin - 1 : begin]
    return run[begin:end].rstrip(_AT_THE_END + (around if around and around in _AROUND else ""))
