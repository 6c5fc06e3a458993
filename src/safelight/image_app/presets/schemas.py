"""Presets as clients see them."""

from typing import Any

from safelight.image_app.schemas import Answer


class Preset(Answer):
    """A named transformation. `transformation` has only the options that differ from defaults."""

    name: str
    transformation: dict[str, Any]
    on_upload: bool
    built_in: bool
    version: int


class PresetList(Answer):
    """All presets of an account."""

    items: list[Preset]
