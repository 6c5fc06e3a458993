"""The page on transformations has every option, with the values and the default of the model."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from docs.samples.__main__ import CONTACT_SHEET, MOST_BYTES, PICTURES
from docs.samples.examples import EXAMPLES
from safelight.contract.options import Allowed
from safelight.contract.transformation_text import SHORT, transformation
from safelight.contract.transformation_text import read as read_url
from safelight.contract.transformations import Fit, Transformation
from safelight.contract.watermarks import Watermark

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "transformations.md").read_text()
OPTIONS, FIELDS, WORDS = 6, 4, 3
"""Cells in a row of each kind of table: options, fields of a watermark, words of `fit`."""


def rows(cells: int) -> list[list[str]]:
    """The rows of the tables with so many cells a row, but for headings."""
    lines = re.findall(r"^\|(.+)\|$", TEXT, re.MULTILINE)
    found = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [line for line in found if len(line) == cells and re.fullmatch(r"`[^`]+`", line[0])]


def name(row: list[str]) -> str:
    return row[0].strip("`")


def default_of(model: type[BaseModel], option: str) -> str:
    default: Any = model.model_fields[option].default
    match default:
        case None:
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case int() | float():
            return f"`{default:g}`"
        case (0, 0, 0, 0):
            return "`0`"
    return f"`{default}`"


def values_of(model: type[BaseModel], option: str) -> str:
    told = [m.words for m in model.model_fields[option].metadata if isinstance(m, Allowed)]
    return told[0] if told else "an object, see below"


@pytest.mark.parametrize(("model", "cells"), [(Transformation, OPTIONS), (Watermark, FIELDS)])
def test_every_option_has_a_row_and_no_other_has(model: type[BaseModel], cells: int) -> None:
    assert sorted(map(name, rows(cells))) == sorted(model.model_fields)


@pytest.mark.parametrize(("model", "cells"), [(Transformation, OPTIONS), (Watermark, FIELDS)])
def test_values_and_defaults_are_those_of_the_model(model: type[BaseModel], cells: int) -> None:
    for row in rows(cells):
        known = [values_of(model, name(row)), default_of(model, name(row))]
        assert row[1:3] == known, name(row)


def test_every_word_of_fit_is_explained() -> None:
    _, *words = map(name, rows(WORDS))
    assert words == list(get_args(Fit))


@pytest.mark.parametrize("row", rows(OPTIONS), ids=name)
def test_what_is_said_to_stand_in_a_url_is_taken_there(row: list[str]) -> None:
    texts = re.findall(r"`([^`]+=[^`]+)`", row[3])
    assert texts or name(row) == "watermark"
    for text in texts:
        _, options = read_url(text)
        assert list(options) == [name(row)]
        assert transformation(options) != Transformation() or text == f"{name(row)}={row[2]}"


def test_every_short_form_is_on_the_page() -> None:
    for short, long in SHORT.items():
        assert re.search(f"`{short}`\\s+for\\s+`{long}`", TEXT)


def test_what_is_said_to_be_one_work_has_one_text() -> None:
    said = TEXT.partition("## One work, one name")[2].partition("are both")
    in_url, in_json = re.findall(r"`([^`]+)`", said[0])[-2:]
    [text] = re.findall(r"`([^`]+)`", said[2])[:1]
    _, options = read_url(in_url)
    assert transformation(options).canonical() == text
    assert Transformation.model_validate_json(in_json).canonical() == text


def test_every_picture_of_the_page_is_made_by_the_script() -> None:
    named = re.findall(r"!\[[^]]+\]\((pictures/[^)]+)\)", TEXT)
    folder = PICTURES.relative_to(ROOT / "docs")
    assert sorted(named) == sorted(f"{folder}/{example.option}.webp" for example in EXAMPLES)


def test_every_option_has_a_picture() -> None:
    assert sorted(e.option for e in EXAMPLES) == sorted(Transformation.model_fields)


def test_what_the_pictures_show_is_something_that_can_be_asked_for() -> None:
    for example in EXAMPLES:
        shown = Transformation.model_validate(dict(example.both) | dict(example.after))
        before = Transformation.model_validate(dict(example.both) | dict(example.before))
        assert getattr(shown, example.option) != getattr(before, example.option)


def test_the_contact_sheet_is_there_and_small() -> None:
    assert CONTACT_SHEET.stat().st_size <= MOST_BYTES
