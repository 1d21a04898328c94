"""From the file to settings, with errors that name the key."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from confsync.config.settings import Settings, SolutionSettings
from confsync.domain.errors import NotConfigured

CONFIG_VARIABLE = "CONFSYNC_CONFIG"
S = TypeVar("S", bound=msgspec.Struct)


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises `NotConfigured`."""
    name = environ.get(CONFIG_VARIABLE)
    if not name:
        raise NotConfigured(f"{CONFIG_VARIABLE} is not set: it is the path of the environment's TOML file")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(f"{CONFIG_VARIABLE}={name}: {error}") from error
    return parse(text, source=name)


def parse(text: str, *, source: str = "configuration") -> Settings:
    """The settings in a TOML text. Raises `NotConfigured`, which names the key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotConfigured(f"{source}: {error}") from error
    solutions = data.get("solutions")
    if not isinstance(solutions, dict):  # as the settings themselves say it
        return _converted(data, Settings, source, "")
    # one by one, so that an error names the solution
    read = {
        name: _converted(table, SolutionSettings, source, f"solutions.{name}.") for name, table in solutions.items()
    }
    return msgspec.structs.replace(_converted({**data, "solutions": {}}, Settings, source, ""), solutions=read)


def _converted(data: Any, kind: type[S], source: str, prefix: str) -> S:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        words = re.sub(r"`\$\.?(.*)`$", rf"`{prefix}\1`", str(error))
        if words == str(error) and prefix:
            words = f"{prefix.rstrip('.')}: {words}"
        raise NotConfigured(f"{source}: {words}{_allowed(kind, words)}") from error


def _allowed(kind: type[msgspec.Struct], words: str) -> str:
    """What a key that is one of some values can be, if it is that which is wrong."""
    name = words.rpartition(".")[2].strip("`")
    told = get_args(get_type_hints(kind).get(name)) if "enum value" in words else ()
    return f" (one of {', '.join(map(repr, told))})" if told else ""


def required(key: str, value: str | None) -> str:
    """A value that is needed because of another one. Raises `NotConfigured`, which names the key."""
    if not value:
        raise NotConfigured(f"{key} is missing")
    return value
