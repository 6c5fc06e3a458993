"""What a benchmark found, printed as a table."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One number beside what it is measured against, in the same run."""

    what: str
    reference: str
    measured: str
    met: bool
    target: str


def show(rows: Sequence[Row]) -> None:
    """Print the rows in columns, as Markdown."""
    cells = [("what", "reference", "measured", "target", "")]
    cells += [
        (r.what, r.reference, r.measured, r.target, "met" if r.met else "MISSED") for r in rows
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(5)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    print("\n".join(lines))
