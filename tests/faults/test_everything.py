"""The list of faults, and the page that tells of them."""

import re
from pathlib import Path

from tests.faults.everything import FAULTS
from tests.faults.fault import BOTH
from tests.faults.needs import LACKING
from tests.faults.scoreboard import END, START, write

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_every_fault_is_told_of_in_order_and_no_other_is() -> None:
    _, _, told = PAGE.read_text().partition("## The faults")
    rows = re.findall(r"^\| ([^|]+) \| (both|embedded|scaled) \|", told, re.MULTILINE)
    assert rows == [
        (fault.name, "both" if fault.modes == BOTH else min(fault.modes)) for fault in FAULTS
    ]


def test_what_a_fault_needs_is_known() -> None:
    assert {fault.needs for fault in FAULTS} <= set(LACKING)


def test_a_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page"
    one, two = START.format(1), START.format(2)
    page.write_text(f"before\n{one}\n{END}\n{two}\n{END}\nafter\n")
    write(page, "| old |", 2)
    write(page, "| new |", 2)
    assert page.read_text() == f"before\n{one}\n{END}\n{two}\n| new |\n{END}\nafter\n"
