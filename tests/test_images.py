"""The Dockerfile: its images start what they should, and its steps install the product."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safelight.settings import Settings
from tests.test_compose import OURS, PORTS, SERVICES

ROOT = Path(__file__).parents[1]
FOLDER = "/opt/safelight"


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage, by its name."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                found[rest.split()[-1]] = []
            found[[*found][-1]].append((word, rest))
    return found


STAGES = stages()


def values(stage: str, word: str) -> list[str]:
    return [rest for found, rest in STAGES[stage] if found == word]


def copied() -> list[tuple[list[str], str]]:
    """What is taken from the repository, and where to."""
    parts = [rest.split() for stage in STAGES for rest in values(stage, "COPY")]
    return [(sources, target) for *sources, target in parts if not sources[0].startswith("--")]


def test_both_images_are_made_of_the_same_pinned_one() -> None:
    bases = [values(stage, "FROM")[0].split()[0] for stage in ("installed", "runtime")]
    assert bases[0] == bases[1], "a virtual environment belongs to its Python"
    assert re.fullmatch(r"python:3\.13\.\d+-slim-[a-z]+", bases[0])
    for name in PORTS.keys() & OURS.keys():
        assert values(name, "FROM") == [f"runtime AS {name}"]
        assert SERVICES[name]["build"] == {"context": ".", "target": name}


@pytest.mark.parametrize("name", sorted(PORTS.keys() & OURS.keys()))
def test_an_image_starts_its_app_as_nobody_in_particular(name: str) -> None:
    assert json.loads(values("runtime", "ENTRYPOINT")[0]) == ["safelight"]
    assert json.loads(values(name, "CMD")[0]) == SERVICES[name]["command"]
    assert values(name, "EXPOSE") == [str(PORTS[name])]
    assert values("runtime", "STOPSIGNAL") == ["SIGTERM"]
    assert values("runtime", "USER") == [SERVICES["image_process_app"]["user"]]
    assert not values(name, "USER")


def test_an_image_sets_no_variable_that_the_product_does_not_know() -> None:
    named = set(re.findall(r"SAFELIGHT_[A-Z_]+", (ROOT / "Dockerfile").read_text()))
    assert named <= {f"SAFELIGHT_{name.upper()}" for name in Settings.model_fields}


def test_the_images_carry_the_version_of_the_product() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert {SERVICES[name]["image"].partition(":")[2] for name in OURS} == {version[1]}


def test_nothing_else_of_the_repository_is_handed_to_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    handed = [line[1:] for line in lines if line.startswith("!")]
    assert sorted(handed) == sorted(source for sources, _ in copied() for source in sources)


@pytest.mark.timeout(600)  # where nothing is in pip's cache, everything is fetched
def test_the_steps_of_the_dockerfile_install_the_product(tmp_path: Path) -> None:
    context, folder = tmp_path / "build", tmp_path / "safelight"
    for sources, target in copied():
        for source in sources:
            at = context / target / ("" if target == source else Path(source).name)
            at.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():  # beside others, who write what they compile
                compiled = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, at, ignore=compiled)
            else:
                shutil.copy(ROOT / source, at)

    for step in values("installed", "RUN"):
        words = [w for w in shlex.split(step) if not w.startswith("--mount")]
        assert words[0] == "deploy/install", "what else is done is not done here"
        run(context, *(w.replace(FOLDER, str(folder)) for w in words))

    assert "processor" in run(tmp_path, folder / "bin" / "safelight", "--help")
    run(
        tmp_path,
        folder / "bin" / "python",
        "-c",
        "import pyvips, safelight.composition.api, safelight.composition.processor",
    )
    assert not list((folder / "bin").glob("pip*")), "nothing in an image installs more"


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        # To compile all that is installed would take a minute; pip's word for it is turned around.
        env={**os.environ, "PYTHON": sys.executable, "COLUMNS": "200", "PIP_NO_COMPILE": "no"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
