"""Deliberate bugs, one at a time: does the simulation notice each?

`python -m tests.simulation.mutations` tries them all (or those whose numbers are given) on copies of the sources, and
prints the table that stands in README.md; `--write` keeps it there. Exit code 1 if one goes unnoticed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = Path(__file__).with_name("README.md")
TABLE = re.compile(r"(<!-- mutations -->\n).*?(<!-- end of mutations -->)", re.DOTALL)
BUDGET = {"RUNS": "400"}


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """`old` stands once in `shared/confsync/<file>`, and becomes `new`."""

    name: str
    file: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The file's text with the bug. Raises `ValueError` if its place is not there any more."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: its place stands {source.count(self.old)} times in {self.file}")
        return source.replace(self.old, self.new)


MUTATIONS: list[Mutation] = []


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`by` names the test that noticed; None: nobody did."""

    mutation: Mutation
    by: str | None
    said: str
    seconds: float


def judge(mutation: Mutation) -> Verdict:
    """Run the simulation on sources with this bug, until the first test fails."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        sources = Path(directory) / "shared"
        shutil.copytree(ROOT / "shared" / "confsync", sources / "confsync")
        file = sources / "confsync" / mutation.file
        file.write_text(mutation.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/simulation",
            "-qx",
            "--no-header",
            "--show-capture=no",
            "-p",
            "no:cacheprovider",
            "--deselect",
            "tests/simulation/test_mutations.py",
        ]
        environment = {**os.environ, **BUDGET, "PYTHONPATH": str(sources)}
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    failed = re.search(r"^FAILED \S+::(\S.*?)(?: - (.*))?$", run.stdout, re.MULTILINE)
    if run.returncode not in {0, 1} or (run.returncode == 1 and failed is None):
        raise RuntimeError(f"{mutation.name}: the simulation could not run\n{run.stdout[-3000:]}{run.stderr[-1000:]}")
    return Verdict(
        mutation=mutation,
        by=failed[1] if failed else None,
        said=(failed[2] or "") if failed else "",
        seconds=time.monotonic() - started,
    )


def row(number: int, verdict: Verdict) -> str:
    noticed = f"`{verdict.by}`" if verdict.by else "**nobody**"
    return f"| {number} | {verdict.mutation.name} | `{verdict.mutation.file}` | {noticed} |"


def main(arguments: list[str]) -> int:
    wanted = {int(argument) for argument in arguments if argument.isdigit()}
    rows, unnoticed = ["| | deliberate bug | in | noticed first by |", "| --- | --- | --- | --- |"], 0
    print("\n".join(rows), flush=True)
    for number, mutation in enumerate(MUTATIONS, start=1):
        if wanted and number not in wanted:
            continue
        verdict = judge(mutation)
        unnoticed += verdict.by is None
        rows.append(row(number, verdict))
        print(rows[-1], f"{verdict.seconds:.0f} s: {verdict.said[:100]}", flush=True)
    if "--write" in arguments:
        text = README.read_text(encoding="utf-8")
        README.write_text(TABLE.sub(lambda m: m[1] + "\n".join(rows) + "\n" + m[2], text), encoding="utf-8")
    print(f"{len(rows) - 2 - unnoticed} of {len(rows) - 2} noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
