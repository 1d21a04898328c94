"""Blocks in a description that a client put there, between two delimiters that people do not write."""

import re

_DELIMITER = re.compile(
    r"(?P<google>-::[:~\u203e]{20,}-)"  # Calendar, about its own conferences and those of add-ons
    r"|(?P<proton>~-~-~-[-~%!]{20,})"
    r"|(?P<outlook>(?<!_)_{40,})"  # Teams
    r"|(?P<skype>(?<!\.)\.{40,})"
    r"|(?P<ours>\u2500{12})"
)


def apart(text: str) -> tuple[str, str]:
    """What stands in blocks, and what stands outside of them. A delimiter that stands alone makes no block."""
    ends: dict[str | None, list[re.Match[str]]] = {}
    for each in _DELIMITER.finditer(text):
        ends.setdefault(each.lastgroup, []).append(each)
    spans = sorted((each[0].end(), each[-1].start()) for each in ends.values() if len(each) > 1)
    inside, outside, at = [], [], 0
    for start, end in spans:
        if start >= at:
            outside.append(text[at:start])
            inside.append(text[start:end])
            at = end
    outside.append(text[at:])
    return "\n".join(inside), "\n".join(outside)
