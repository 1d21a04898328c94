"""JSON lines on standard output, as Cloud Logging reads them.

https://cloud.google.com/logging/docs/structured-logging
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote

import structlog

from confsync.domain.keys import calendar_key

_WORDS = (
    r"token|secret|passw|passcode|pwd|credential|authorization|assertion|cookie|api_?key|private_?key|start_url|zak"
)
SECRET_NAMES = re.compile(rf"{_WORDS}|(?:^|_)(?:pin|jwt)$", re.IGNORECASE)
TOKENS = re.compile(r"\b(?:Bearer|Basic) [\w.~+/=-]{8,}|eyJ[\w-]+\.[\w-]+\.[\w-]*|ya29\.[\w.-]+", re.IGNORECASE)
FORM = re.compile(rf"(\b\w*(?:{_WORDS})\w*=|\b(?:jwt|tk|key|pin)=)[^&\s\"']+", re.IGNORECASE)
QUOTED = re.compile(rf"""(["'](?:\w*(?:{_WORDS})\w*|pin)["']\s*:\s*(["'])).*?\2""", re.IGNORECASE)
HIDDEN = "[hidden]"
PERSON = re.compile(r"(?<![\w.+-])((?:[\w.+-]|%2[Bb]){1,200})(?:@|%40)([\w-]{1,63}(?:\.[\w-]{1,63})+)")
"""An address: of a person or, which looks the same, a calendar's id."""
OURS = "gserviceaccount.com"
"""Service accounts are no people."""
SEARCHED = re.compile(r"([?&]q=)[^&\s\"']+")
"""What somebody looks for in their events."""

Line = MutableMapping[str, Any]


def configure(project: str = "") -> None:
    """Send every line, ours and the libraries' from warnings up, to standard output as JSON. Call once per process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            _cloud_names(project),
            _hide_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _cloud_names(project),
                _hide_secrets,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # what they warn of they tell with the whole address and its query; we tell of it in words of our own
    for name in ("urllib3.connection", "googleapiclient.http"):
        logging.getLogger(name).setLevel(logging.ERROR)


def traced(trace: str) -> AbstractContextManager[Any]:
    """While it lasts, every line carries the trace id."""
    return structlog.contextvars.bound_contextvars(trace=trace)


def logger(trace: str) -> Any:
    """A logger whose lines carry the trace id; configured on its first use where nothing was configured before."""
    if not structlog.is_configured():
        configure()
    return structlog.get_logger().bind(trace=trace)


def _cloud_names(project: str) -> structlog.typing.Processor:
    def rename(_: Any, __: str, line: Line) -> Line:
        line["severity"] = line.pop("level", "info").upper()
        line["message"] = line.pop("event", "")
        if trace := line.pop("trace", None):
            line["logging.googleapis.com/trace"] = f"projects/{project}/traces/{trace}" if project else trace
        return line

    return rename


def _hide_secrets(_: Any, __: str, line: Line) -> Line:
    """The last net: nothing that is named or looks like a secret, and nobody's address leaves, whoever logged it."""
    return {key: HIDDEN if SECRET_NAMES.search(key) else _hidden(value) for key, value in line.items()}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): HIDDEN if SECRET_NAMES.search(str(key)) else _hidden(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(each) for each in value]
    if value is None or isinstance(value, int | float):
        return value
    return nameless(clean(str(value)))


def nameless(text: str) -> str:
    """With the key of a calendar in place of each address: what records and other lines call it, and no person."""
    return PERSON.sub(_key, SEARCHED.sub(rf"\1{HIDDEN}", text))


def _key(found: re.Match[str]) -> str:
    return found[0] if found[2].endswith(OURS) else calendar_key(unquote(f"{found[1]}@{found[2]}"))


def clean(text: str) -> str:
    """Without what looks like a secret: tokens, and values under a secret's name in a URL, a form, or JSON."""
    text = QUOTED.sub(rf"\1{HIDDEN}\2", TOKENS.sub(HIDDEN, text))
    return FORM.sub(rf"\1{HIDDEN}", text)
