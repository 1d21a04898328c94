"""The meeting in whatever is on standard input: a Calendar event, an iCalendar file, an invitation."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from confsync import config
from confsync.domain import detection
from confsync.domain.conferencing import Detected
from confsync.domain.errors import BadRequest

MAX_BYTES = 10_000_000
ICS = "BEGIN:VCALENDAR"
Say = Callable[[str], object]


def detect(source: BinaryIO, path: Path | None, say: Say) -> int:
    """Prints `{"conferencing": ...}`, as the HTTP API answers it, and returns 0, or 1 if there is no meeting.

    Raises `BadRequest` if the input is too long, and `NotConfigured`.
    """
    own = () if path is None else config.load({config.CONFIG_VARIABLE: str(path)}).detection.own
    content = source.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadRequest(f"more than {MAX_BYTES:,} bytes")
    found = _detected(content.decode("utf-8-sig", "replace"), own)
    answer: dict[str, Any] = {"conferencing": found.conferencing.json() if found.conferencing else None}
    if found.unresolved:
        answer["unresolved"] = list(found.unresolved)
    say(json.dumps(answer, ensure_ascii=False, indent=2))
    return 0 if found.conferencing else 1


def _detected(text: str, own: Sequence[detection.OwnService]) -> Detected:
    if text.lstrip()[: len(ICS)].upper() == ICS:
        from confsync.domain.ics import detect_ics  # not needed for anything else

        return detect_ics(text, own)
    event = _event(text)
    return detection.detect_text(text, own) if event is None else detection.detect(event, own)


def _event(text: str) -> dict[str, Any] | None:
    """The JSON object that the text is, None if it is something else."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
