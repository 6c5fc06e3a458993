"""The fuzz run itself: the same inputs again, files that are what they were, and eyes that see."""

import json
import signal
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.aftermath import decoder_deaths, grown, restarted
from tests.fuzz.containers import taken_apart
from tests.fuzz.inputs import Inputs
from tests.fuzz.mutations import ON_BYTES, ON_PIECES
from tests.fuzz.sender import Tally
from tests.journeys import pictures
from tests.memory import Peak
from tests.product import Product

INPUTS = 60
MIB = 1 << 20
APART = {
    "JPEG": pictures.jpeg,
    "progressive JPEG": pictures.KINDS["progressive JPEG"][1],
    "PNG": pictures.alpha_png,
    "GIF": lambda: pictures.animation("GIF"),
    "WebP": lambda: pictures.animation("WEBP"),
    "AVIF": pictures.KINDS["AVIF"][1],
}


def inputs(seed: int, folder: Path) -> list[object]:
    made = Inputs(seed, folder)
    return [made.number(number) for number in range(INPUTS)]


def test_a_seed_gives_the_same_inputs_again_in_any_order_and_another_gives_others(
    tmp_path: Path,
) -> None:
    first, again = inputs(1, tmp_path), Inputs(1, tmp_path)
    assert [again.number(number) for number in reversed(range(INPUTS))] == first[::-1]
    assert first != inputs(2, tmp_path)


def test_most_inputs_are_damaged_and_a_few_are_whole(tmp_path: Path) -> None:
    made = Inputs(1, tmp_path)
    thrown = [made.number(number) for number in range(5 * INPUTS)]
    whole = sum(1 for one in thrown if one.how.endswith("whole"))
    assert 0 < whole < len(thrown) / 10
    assert any(not one.form.intact for one in thrown)
    assert any(one.form.lies() for one in thrown)
    assert len({one.content for one in thrown}) > len(thrown) * 0.9


@pytest.mark.parametrize("kind", APART)
def test_a_file_that_is_taken_apart_is_the_same_file_when_it_is_joined(kind: str) -> None:
    content = APART[kind]()
    taken = taken_apart(content)
    assert taken is not None
    assert len(taken.pieces) > 2
    assert taken.joined(taken.pieces) == content


@pytest.mark.parametrize("kind", APART)
def test_every_damage_changes_the_file_or_has_nothing_to_change(kind: str) -> None:
    content, other = APART[kind](), pictures.still("PNG")
    taken = taken_apart(content)
    assert taken is not None
    for change in ON_PIECES:
        assert any(change(Random(n), taken, other) != content for n in range(5)), change
    for damage in ON_BYTES:
        assert any(damage(Random(n), content, other) != content for n in range(5)), damage


def a_product_that_logged(folder: Path, *reasons: str) -> Product:
    product = Product(folder)
    lines = [{"event": "try failed", "image_id": "an-image", "reason": r} for r in reasons]
    product.log.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return product


def test_a_decoder_that_crashes_is_blamed_on_its_input_and_one_at_its_deadline_on_nobody(
    tmp_path: Path,
) -> None:
    tally = Tally()
    tally.number_of["an-image"] = 7
    crash = f"a decoder died of {signal.SIGSEGV.name}"
    product = a_product_that_logged(tmp_path, crash, "a decoder took more than 5.0 s")
    wrong, limited = decoder_deaths(product, tally)
    assert wrong == [f"{crash} (image an-image)"]
    assert limited == 1
    assert tally.wrong == {7: [crash]}


def test_a_process_that_is_gone_or_hoards_files_is_named() -> None:
    assert restarted({"up 1": 20, "api 2": 20}, {"up 1": 90}) == [
        "api 2 is gone",
        "up 1 had 20 open files and has 90",
    ]
    assert restarted({"up 1": 20}, {"up 1": 25}) == []


def test_memory_that_grows_is_named_and_a_decoder_s_is_its_own_affair(tmp_path: Path) -> None:
    peak = Peak(Product(tmp_path))
    peak.most = {"up": 300 * MIB, "decoder": 900 * MIB}
    peak.seen = [(n, {"up": (100 + n) * MIB, "decoder": n * 9 * MIB}) for n in range(100)]
    assert grown(peak) == ["up grew from 137 to 187 MB"]
    peak.seen = [(n, {"up": 150 * MIB}) for n in range(100)]
    assert grown(peak) == []
