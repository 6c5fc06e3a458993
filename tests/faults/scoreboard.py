"""The table that everything ends in."""

from collections.abc import Sequence
from pathlib import Path

from tests.faults.driver import Outcome, Row

START, END = "<!-- scoreboard of seed {} -->", "<!-- end of scoreboard -->"
"""Around the table of each seed that a page tells of."""


def line(row: Row) -> str:
    """One fault, as soon as it is over."""
    if row.left_out:
        verdict = f"left out: {row.left_out}"
    elif row.wrong:
        verdict = "FAILED: " + "; ".join(row.wrong[:3])
    else:
        verdict = f"survived, well again after {row.recovery:.1f} s"
    verdict += f" ({'; '.join(row.notes)})" if row.notes else ""
    return f"{row.mode:8}  {row.name:44}  {row.seconds:5.0f} s  {verdict}"


def board(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    """A table of Markdown."""
    rows = [row for outcome in outcomes for row in outcome.rows if not row.left_out]
    promised = sum(outcome.promised for outcome in outcomes)
    killing = [row for row in rows if row.kills]
    kills = sum(row.kills for row in killing)
    survived = sum(row.kills for row in killing if not row.wrong)
    bad = sum(outcome.bad_files.total() for outcome in outcomes)
    slowest = max(rows, key=lambda row: row.recovery)
    lines = [
        ("faults survived", f"{sum(not row.wrong for row in rows)}/{len(rows)}"),
        ("kills survived", f"{survived}/{kills}"),
        ("pictures lost", f"{sum(o.lost for o in outcomes)} of {promised}"),
        ("doubled", str(sum(o.doubled for o in outcomes))),
        ("orphans", str(sum(o.orphans for o in outcomes))),
        ("bad files handled", f"{sum(o.bad_files[True] for o in outcomes)}/{bad}"),
        ("longest recovery", f"{slowest.recovery:.1f} s ({slowest.mode}: {slowest.name})"),
    ]
    for outcome in outcomes:
        # What has no name was between its start and its first line of code.
        known = {kind: size for kind, size in outcome.memory.items() if kind != "other"}
        for kind, size in sorted(known.items()):
            lines.append((f"largest memory, {outcome.mode}: {kind}", f"{size >> 20} MiB"))
    lines += [("seed", str(seed)), ("duration", f"{seconds / 60:.1f} min")]
    width = max(len(name) for name, _ in lines)
    table = [f"| {name:{width}} | {value} |" for name, value in lines]
    return "\n".join([f"| {'what':{width}} | measured |", "|---|---|", *table])


def write(page: Path, table: str, seed: int) -> None:
    """Put the table between the marks that the page has for this seed."""
    before, start, rest = page.read_text().partition(START.format(seed))
    _, end, after = rest.partition(END)
    assert end, f"{page} has no {START.format(seed)} ... {END}"
    page.write_text(f"{before}{start}\n{table}\n{end}{after}")
