"""The house keeps its shape: arrows, file lengths, locks."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINTER = Path(sys.executable).with_name("lint-imports")
MAX_LINES = 300

VIOLATIONS = [
    ("Arrows point down", "contract/keys.py", "import safelight.image_app.clock"),
    ("Arrows point down", "image_app/clock.py", "import safelight.image_process_app.limits"),
    ("The API opens no picture", "image_app/images/sniff.py", "import pyvips"),
    ("The API opens no picture", "image_app/outbox.py", "import aiokafka"),
    ("The processor knows no database", "image_process_app/process.py", "import sqlalchemy"),
    (
        "The processor knows no database",
        "image_process_app/process.py",
        "import safelight.backends.cache",
    ),
    ("The contract needs nothing but Pydantic", "contract/presets.py", "import structlog"),
    (
        "Only the composition names a concrete delivery",
        "image_app/outbox.py",
        "import safelight.backends.delivery.in_process",
    ),
    (
        "Only the composition names a concrete delivery",
        "cli/upkeep.py",
        "import safelight.backends.delivery.in_process",
    ),
    (
        "Only the composition names who renders",
        "image_app/delivered/rendering.py",
        "import safelight.backends.rendering.http",
    ),
    (
        "Only the composition names where accounts are kept",
        "image_app/accounts/service.py",
        "import safelight.image_app.account_store.in_redis",
    ),
    (
        "Pixels are touched in the decoder's child alone",
        "image_process_app/app.py",
        "import safelight.image_process_app.pipeline",
    ),
    (
        "Inside a feature",
        "image_app/accounts/queries.py",
        "import safelight.image_app.accounts.service",
    ),
    ("No circles", "image_app/images/sniff.py", "import safelight.image_app.images.intake"),
]


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def _tracked(*patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in ROOT.glob(pattern)]


def test_the_import_contracts_hold() -> None:
    found = _lint_imports(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(
    contract: str, file: str, line: str, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "src" / "safelight" / file
    planted.write_text(f"{planted.read_text()}\n{line}\n")

    found = _lint_imports(tmp_path)

    assert found.returncode != 0
    broken = [name for name in found.stdout.splitlines() if name.endswith("BROKEN")]
    assert any(name.startswith(contract) for name in broken), found.stdout


def test_the_contract_imports_pydantic_and_nothing_else_from_outside() -> None:
    allowed = sys.stdlib_module_names | {"pydantic", "pydantic_core", "pydantic_extra_types"}
    for file in _tracked("src/safelight/contract/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                package = name.split(".")[0]
                assert package in allowed or name.startswith("safelight.contract"), (file, name)


def test_no_file_has_more_than_300_lines() -> None:
    files = _tracked("src/**/*.py", "tests/**/*.py", "bench/**/*.py", "docs/**/*.py")
    assert len(files) > 50
    long = {str(f): n for f in files if (n := len(f.read_text().splitlines())) > MAX_LINES}
    assert not long


def test_locks_name_no_registry_and_hash_everything() -> None:
    for lock in _tracked("requirements/*.txt"):
        text = lock.read_text()
        assert "://" not in text
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert pins
        assert all(line.endswith("\\") for line in pins), "a pin without a hash"


def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    makefile = (ROOT / "Makefile").read_text()
    targets = [line.split()[1] for line in makefile.splitlines() if line.startswith(".PHONY:")]
    assert targets
    assert all(f"make {target} " in listed for target in targets)
