"""What every benchmark gives: rows of a table; and the arithmetic that they share."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS = ("what", "measured", "bar", "holds")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `bar` is empty, and `holds` None, where it is only worth knowing."""

    what: str
    measured: str
    bar: str = ""
    holds: bool | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """In the order of `COLUMNS`."""
        held = {True: "yes", False: "**no**", None: ""}[self.holds]
        return (self.what, self.measured, self.bar, held)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over pairs that were measured next to each other, so that a busy moment of the machine hits both."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that at least this share (0..1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table for a README."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
