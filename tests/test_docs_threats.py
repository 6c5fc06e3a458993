"""The page of threats names tests that there are, and leaves out no threat."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threats.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
THREATS = 76


def test_every_threat_has_its_row() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, THREATS + 1))


@pytest.mark.parametrize(("number", "what", "told"), ROWS)
def test_a_threat_is_told_by_what_there_is_or_not_yet(number: str, what: str, told: str) -> None:
    named = re.findall(r"`([^`]+)`", told)
    assert told.startswith("not yet") or named
    assert not (told.startswith("not yet") and "::" in told)
    for name in named:
        if name.startswith("make "):
            assert f"\n{name.removeprefix('make ')}:" in (ROOT / "Makefile").read_text()
        elif name.startswith("tests/"):
            path, _, test = name.partition("::")
            assert test in _functions(ROOT / path), name


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
