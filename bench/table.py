"""What a benchmark found, printed as a table."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One number beside what it is measured against, in the same run."""

    what: str
    reference: str
    measured: str
    met: bool = True
    target: str = ""
    """Empty for a number that is told and not judged."""

    @property
    def verdict(self) -> str:
        if not self.target:
            return ""
        return "met" if self.met else "MISSED"


def show(rows: Sequence[Row]) -> None:
    """Print the rows in columns, as Markdown."""
    cells = [("what", "reference", "measured", "target", "")]
    cells += [(r.what, r.reference, r.measured, r.target, r.verdict) for r in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(5)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    print("\n".join(lines))
