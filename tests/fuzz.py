"""The HTTP API, tried with many requests that its contract allows, and many that it does not: schemathesis.

It goes beyond single requests in its own way; we give it the contract, a calendar that there is, and a limit of time.
https://schemathesis.readthedocs.io/en/stable/reference/cli/
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.openapi import PATH

HOOKS = Path(__file__).with_name("fuzz_hooks.py")
SETTINGS = """
hooks = "{hooks}"

[parameters]
"path.calendarId" = "{calendar}"
"query.wait" = 0

[checks.negative_data_rejection]
expected-statuses = ["4xx", 503]
"""
"""No calendar but this one is worth many requests, and to wait takes time that is better spent."""
NO_FAULTS = ("positive_data_acceptance", "use_after_free", "ensure_resource_availability", "object_level_authorization")
"""What the contract allows Google may still refuse; what is deleted can still be read."""


def run(
    url: str, token: str, *, calendar: str = "ann@example.com", seconds: int = 60, but: tuple[str, ...] = ()
) -> None:
    """Assert that the API at this address keeps its contract, for whoever has this identity token.

    `seconds`: how long it goes on. `but`: checks that the API is not held to (`st run --help` lists them).
    """
    with TemporaryDirectory() as directory:
        settings = Path(directory) / "schemathesis.toml"
        settings.write_text(SETTINGS.format(calendar=calendar, hooks=HOOKS), encoding="utf-8")
        command = [
            *(Path(sys.executable).with_name("st"), "--config-file", settings, "--no-color", "run", PATH.resolve()),
            *("--url", url, "--header", f"Authorization: Bearer {token}"),
            *("--exclude-checks", ",".join((*NO_FAULTS, *but)), "--warnings", "off"),
            *("--max-time", str(seconds), "--generation-database", "none"),
        ]
        done = subprocess.run(command, cwd=directory, check=False, capture_output=True, text=True, timeout=seconds + 60)
    assert done.returncode == 0, done.stdout + done.stderr
