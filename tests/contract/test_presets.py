"""The built-in presets."""

import re

import pytest

from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation


def test_an_image_lists_its_variants_as_thumb_small_preview_grayscale() -> None:
    assert list(BUILT_IN) == ["thumb", "small", "preview", "grayscale"]


def test_the_presets_make_what_their_names_have_always_made() -> None:
    assert {name: preset.canonical() for name, preset in BUILT_IN.items()} == {
        "thumb": "fit=cover,format=webp,gravity=attention,height=100,width=100",
        "small": "format=webp,height=300,width=300",
        "preview": "format=webp,height=1440,width=1440",
        "grayscale": "grayscale=true",
    }


def test_no_two_presets_share_a_fingerprint_and_so_a_key() -> None:
    assert len({preset.fingerprint() for preset in BUILT_IN.values()}) == len(BUILT_IN)


def test_every_name_can_stand_in_a_path_and_none_is_reserved() -> None:
    for name in BUILT_IN:
        assert re.fullmatch(r"[a-z0-9-]{1,32}", name)
        assert name != "original"


def test_the_built_in_presets_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        BUILT_IN["thumb"] = Transformation()  # type: ignore[index] # it is what must not be done
