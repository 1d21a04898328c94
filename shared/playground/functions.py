"""The functions, each as a functions-framework process of its own, the way Cloud Run starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "deploy" / "functions.toml"
"""The one table of functions: what is deployed runs here, too."""

DEPLOYED: Mapping[str, Mapping[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["functions"]
NAMES = tuple(DEPLOYED)
MOST_THREADS = 8
"""Fewer than in a cloud: all functions share one machine."""


def secrets_of(function: str, values: Mapping[str, str]) -> dict[str, str]:
    """The variables that the function's row of the table asks for, and no others, by these secrets' values."""
    asked: Mapping[str, str] = DEPLOYED[function].get("secrets", {})
    return {variable: values[secret.partition(":")[0]] for variable, secret in asked.items()}


class FunctionFailed(Exception):
    """A function's process did not come up; the message holds the end of its output."""


@dataclass(kw_only=True)
class Function:
    """One function: its port stays the same however often its process is started anew."""

    name: str
    port: int
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process, from a foreign working directory; `wait` tells when it answers."""
        source = ROOT / DEPLOYED[self.name]["source"]
        command = [sys.executable, "-m", "functions_framework", "--target=handle", f"--source={source}"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFSYNC_")}
        environment = {
            **inherited,
            **self.environment,
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "THREADS": str(min(DEPLOYED[self.name]["concurrency"], MOST_THREADS)),
            "WORKERS": "1",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.log.parent,
                start_new_session=True,
            )

    def wait(self, patience: float = 30) -> None:
        """Return when it answers. Raises `FunctionFailed`."""
        deadline = time.monotonic() + patience
        while not self._answers():
            ended = self.process is None or self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise FunctionFailed(f"{self.name} does not answer at {self.url}:\n{tail}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash does: kill -9, with everything that it was doing."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def _answers(self) -> bool:
        try:
            urlopen(f"{self.url}/robots.txt", timeout=5)
        except HTTPError:
            return True  # 404: what the framework answers by itself, so that no function logs a request
        except (URLError, OSError):
            return False
        return True
