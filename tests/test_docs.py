"""The documentation has everything that is there, and nothing that is not."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel

from safelight.contract import messages
from safelight.contract.presets import BUILT_IN
from safelight.image_app.errors import KINDS
from safelight.image_app.subscriptions import LISTENING
from safelight.settings import Settings

ROOT = Path(__file__).parents[1]
ERRORS = (ROOT / "docs" / "errors.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
MESSAGES = (ROOT / "docs" / "messages.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PRESETS = (ROOT / "docs" / "presets.md").read_text()

PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)

TOPICS, _, _ = MESSAGES.partition("\n## Headers\n")
ANSWERS, _, FAULTS = ERRORS.partition("\n## Why a picture failed\n")


def rows(text: str) -> list[list[str]]:
    """The cells of every line of every table, but for headings."""
    lines = re.findall(r"^\|(.+)\|$", text, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [line for line in cells if "`" in "".join(line)]


def default_of(name: str) -> str:
    """As the table has it: nothing where the default is made from other settings."""
    default: Any = Settings.model_fields[name].default
    return f"`{default}`" if default not in (None, "") else ""


def names_of_faults() -> Iterator[str]:
    """Every code that the source gives a picture, found where a fault or a refusal is made."""
    for path in (ROOT / "src" / "safelight").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ("Rejected", "Fault"):
                first = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "code")]
                for value in first:
                    if isinstance(value, ast.Constant):
                        yield str(value.value)


def test_every_error_code_is_documented_with_its_status_and_no_other_is() -> None:
    documented = [(row[0], row[1].strip("`")) for row in rows(ANSWERS)]
    assert documented == sorted(documented, key=lambda row: row[0])
    assert sorted(documented) == sorted((str(kind.status), kind.code) for kind in KINDS)


def test_every_reason_of_a_picture_to_fail_is_documented_and_no_other_is() -> None:
    documented = [row[0].strip("`") for row in rows(FAULTS)]
    assert sorted(documented) == sorted(set(names_of_faults()))


def test_every_setting_is_documented_once_with_its_default_and_no_other_is() -> None:
    documented = [(row[0], row[1]) for row in rows(SETTINGS)]
    known = [(f"`SAFELIGHT_{name.upper()}`", default_of(name)) for name in Settings.model_fields]
    assert sorted(documented) == sorted(known)


def test_every_metric_is_documented_and_no_other_is() -> None:
    for app in ("image_app", "image_process_app"):
        import_module(f"safelight.{app}.metrics")
    table = OPERATIONS.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    documented = {row[0].strip("`") for row in rows(table)}
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in REGISTRY.collect()
        if family.name.startswith("safelight_")
    }
    assert documented == counted


def test_every_preset_is_documented_and_no_other_is() -> None:
    assert [row[0].strip("`") for row in rows(PRESETS)] == list(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_sides_of_a_preset_are_in_its_documentation(name: str) -> None:
    [line] = [row for row in rows(PRESETS) if row[0] == f"`{name}`"]
    preset = BUILT_IN[name]
    if preset.width and preset.height:
        assert f"{preset.width} × {preset.height}" in line[1]
    if preset.fit == "cover":
        assert "fit=cover" in line[1]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_names_a_setting_that_does_not_exist(path: str) -> None:
    named = set(re.findall(r"SAFELIGHT_[A-Z_]+[A-Z]", (ROOT / path).read_text()))
    assert named <= {f"SAFELIGHT_{name.upper()}" for name in Settings.model_fields}


def test_every_topic_and_its_group_is_documented_and_no_other_is() -> None:
    documented = {row[0].strip("`"): row[4] for row in rows(TOPICS)}
    assert set(documented) == set(messages.TOPICS)
    for topic, group in (*LISTENING, (messages.JOBS, messages.PROCESSOR)):
        assert f"`safelight-{group}`" in documented[topic]


@pytest.mark.parametrize("model", [messages.Job, messages.Outcome, messages.Event])
def test_every_field_of_a_message_is_documented(model: type[BaseModel]) -> None:
    text = MESSAGES.partition(f"**{model.__name__}**")[2].partition("\n\n")[0]
    for name in model.model_fields:
        assert f"`{name}`" in text


def test_every_header_and_type_of_event_is_documented() -> None:
    kinds = get_args(messages.EventType)
    sample = messages.Message(messages.JOBS, "", b"", {})
    headers = messages.dead_letter(sample, "").headers
    for name in (*kinds, *headers, "ce_id", "ce_type", "ce_subject", "content-type"):
        assert f"`{name}`" in MESSAGES


@pytest.mark.parametrize(
    "page",
    [
        "errors.md",
        "settings.md",
        "presets.md",
        "transformations.md",
        "operations.md",
        "messages.md",
    ],
)
def test_every_page_of_reference_is_linked_from_the_readme(page: str) -> None:
    assert f"docs/{page}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", PAGES)
def test_every_link_to_a_file_leads_somewhere(path: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / path).read_text()):
        if target.startswith("pictures/"):
            continue  # `make docs-pictures` makes them
        assert ((ROOT / path).parent / target).exists(), target
