"""Text as people see it, out of what clients make of it: HTML, entities, mail encodings, iCalendar's escapes.

Addresses that people click and do not see (`href`) are kept in it between two marks.
"""

import re
from html import unescape

MAX_TEXT = 65_536
"""Characters of a field that are looked at."""

OPEN, CLOSE = "\ue000", "\ue001"
_NO_WIDTH = r"\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_INVISIBLE = re.compile(f"[{_NO_WIDTH}]")
_FORGED = re.compile(f"[{_NO_WIDTH}{OPEN}{CLOSE}]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ENCODED = re.compile(r"(?:=[0-9A-F]{2})+")
_BARE_EQUALS = re.compile(r"=(?![0-9A-F]{2}|\r?\n)")
_SOFT_BREAK = re.compile(r"=\r?\n")
_FOLD = re.compile(r"\r?\n[ \t](?=\S)")
_FOLD_AT = range(60, 77)
"""iCalendar's lines are folded after 75 octets, and by some clients a little earlier."""
_ESCAPED = re.compile(r"\\([,;nN])")
_TAG = re.compile(r"<(/?)((?:[ovwm]:)?[a-zA-Z][a-zA-Z0-9]*)((?:[\s/][^<>]*)?)>|<!--|<[!?][^<>]*>")
_REFERENCE = re.compile(r"""\s(?:href|originalsrc)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_BREAKS = re.compile(r"br|p|div|li|[uo]l|t[rdh]|table|h[1-6r]|blockquote|pre|section|article")
_HIDDEN = frozenset(("style", "script"))


def read(raw: str) -> str:
    """The text, with marked addresses in it. Takes any text, in time that is in proportion to its length."""
    text = raw[:MAX_TEXT]
    if not text.isascii():
        text = _FORGED.sub("", text)
    if "=3D" in text or "=\n" in text or "=\r\n" in text:
        text = _quoted_printable(text)
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(_unfolded, text)
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)
    if "<" in text:
        text = _html(text)
    return entities(text)


def shown(text: str) -> str:
    """What people see of it, and what they click beside that, as mail programs write it: `words <address>`."""
    return text.replace(OPEN, " <").replace(CLOSE, "> ")


def entities(text: str) -> str:
    """Named and numbered characters, also of those who encode twice."""
    for _ in range(3):
        if "&" not in text or not _ENTITY.search(text):
            break
        text = _ENTITY.sub(lambda found: unescape(found[0]), text)
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _quoted_printable(text: str) -> str:
    """Remains of a mail's encoding, if the text is in it: then no `=` stands for itself."""
    broken = _SOFT_BREAK.search(text) is not None
    if _BARE_EQUALS.search(text) or not (broken or text.count("=") > 1):
        return text
    joined = _SOFT_BREAK.sub("", text)
    return _ENCODED.sub(lambda found: bytes.fromhex(found[0].replace("=", "")).decode("utf-8", "replace"), joined)


def _unfolded(fold: re.Match[str]) -> str:
    """Nothing where a line of iCalendar goes on, else the break that it is."""
    start = fold.start()
    line = fold.string[max(0, start - _FOLD_AT.stop) : start].rpartition("\n")[2]
    goes_on = len(line.encode("utf-8", "surrogatepass")) in _FOLD_AT and not line[-1:].isspace()
    return "" if goes_on else fold[0]


def _html(text: str) -> str:
    parts: list[str] = []
    at, hidden = 0, ""
    for tag in _TAG.finditer(text):
        if tag.start() < at:  # within a comment
            continue
        name = (tag[2] or "").lower()
        if not hidden:
            parts.append(text[at : tag.start()])
        at = tag.end()
        if tag[0] == "<!--":
            end = text.find("-->", at)
            at = end + 3 if end >= 0 else len(text)
        elif hidden:
            hidden = "" if tag[1] and name == hidden else hidden
        elif name in _HIDDEN and not tag[1]:
            hidden = name
        else:
            parts.append(_shown(tag[1], name, tag[3]))
    if not hidden:
        parts.append(text[at:])
    return "".join(parts)


def _shown(closing: str, name: str, attributes: str) -> str:
    """What a tag does to the text."""
    if _BREAKS.fullmatch(name):
        return "\n"
    if closing or "=" not in attributes:
        return ""
    found = [next(filter(None, each), "") for each in _REFERENCE.findall(attributes)]
    return "".join(f"{OPEN}{each}{CLOSE}" for each in found)
