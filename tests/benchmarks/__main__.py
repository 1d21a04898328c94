"""`python -m tests.benchmarks [--write] [name ...]`: measure, print the table, with --write keep it in README.md."""

import argparse
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from tests.benchmarks import api, deltas, detection, follow, full_sync, notification
from tests.benchmarks.measuring import COLUMNS, Row, markdown

BENCHMARKS = {
    "notification": notification.rows,
    "full_sync": full_sync.rows,
    "deltas": deltas.rows,
    "follow": follow.rows,
    "api": api.rows,
    "detection": detection.rows,
}
README = Path(__file__).with_name("README.md")
MARKED = re.compile(r"(<!-- results -->\n).*?(<!-- end of results -->)", re.DOTALL)


def main() -> int:
    """0 if every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the results in README.md")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all if none is given")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    if options.write and options.names:
        parser.error("--write keeps whole runs only")
    rows = [row for name in options.names or BENCHMARKS for row in _measured(name)]
    _print(rows)
    if options.write:
        kept = f"{_machine()}\n\n{markdown(rows)}\n"
        README.write_text(MARKED.sub(lambda found: found[1] + kept + found[2], README.read_text()))
    return 0 if all(row.holds is not False for row in rows) else 1


def _measured(name: str) -> list[Row]:
    print(f"measuring {name} ...", file=sys.stderr, flush=True)
    return BENCHMARKS[name]()


def _print(rows: list[Row]) -> None:
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row.cells)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{psutil.cpu_count()} processors, {memory:.0f} GB"
    )


if __name__ == "__main__":
    sys.exit(main())
