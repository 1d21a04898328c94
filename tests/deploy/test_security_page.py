"""SECURITY.md says what is so: of every function, and of where each defence is tried."""

import re
from pathlib import Path

from deployment.table import TABLE, load_table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]
KEYS = {"CONFSYNC_JOIN_KEYS": "join", "CONFSYNC_CONNECTION_KEYS": "connection", "CONFSYNC_CHANNEL_KEYS": "channel"}

KIND = re.compile(r"join|connection|channel")


def test_every_function_is_there_as_it_is_deployed() -> None:
    functions = load_table(TABLE.read_text(encoding="utf-8")).functions
    rows = [row for row in ROWS if len(row) == 5 and row[0].startswith("`")]
    told = {name.strip("`"): (account.strip("`"), set(KIND.findall(keys))) for name, _, account, keys, _ in rows}
    assert told == {
        name: (each.service_account, {KEYS[variable] for variable in each.secrets}) for name, each in functions.items()
    }
    assert {each.callers for each in functions.values()} == {"anyone"}


def test_every_defence_is_tried_where_it_says() -> None:
    defences = [row for row in ROWS if len(row) == 3 and "`" in row[2] and row[2] != "tried in `tests/`"]
    assert len(defences) > 10
    for row in defences:
        for path in re.findall(r"`([^`]+)`", row[2]):
            assert (ROOT / "tests" / path).exists(), path
