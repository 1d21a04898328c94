"""Filters of log-based metrics, as far as ours go: comparisons, one a line, all of which hold.

https://cloud.google.com/logging/docs/view/logging-query-language
"""

import json
import re
from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]

COMPARISON = re.compile(r'^([a-zA-Z_.]+)(=~|!=|>=|=)("(?:[^"\\]|\\.)*"|[A-Z]+|\d+)$')
EXTRACTOR = re.compile(r"^EXTRACT\(([a-zA-Z_.]+)\)$")


def entry(line: str, service: str) -> Entry:
    """What Cloud Logging makes of a line that a function of that name prints.

    https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
    """
    payload = json.loads(line)
    special = {name: payload.pop(name, None) for name in ("severity", "time", "logging.googleapis.com/trace")}
    # of a line with nothing but a message Cloud Logging makes text, which no filter of ours would find
    assert payload.keys() != {"message"}, line
    return {
        "severity": special["severity"],
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": service}},
        "jsonPayload": payload,
    }


def matches(text: str, found: Entry) -> bool:
    """Whether all comparisons hold. Raises ValueError for what is none."""
    return all(_holds(line.strip(), found) for line in text.strip().splitlines())


def extracted(extractor: str, found: Entry) -> Any:
    """The field's value; None if there is none. Raises ValueError for another extractor."""
    match = EXTRACTOR.match(extractor)
    if match is None:
        raise ValueError(extractor)
    return _value(match[1], found)


def _holds(line: str, found: Entry) -> bool:
    match = COMPARISON.match(line)
    if match is None:
        raise ValueError(line)
    path, operator, written = match.groups()
    value, wanted = _value(path, found), json.loads(written) if written.startswith('"') else written
    if value is None:
        return False
    if operator == ">=":
        return bool(value >= int(wanted))
    return {
        "=": str(value) == wanted,
        "!=": str(value) != wanted,
        "=~": re.search(wanted, str(value)) is not None,
    }[operator]


def _value(path: str, found: Any) -> Any:
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
