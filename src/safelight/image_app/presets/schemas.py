"""Presets as clients see and make them."""

from typing import Any

from pydantic import ConfigDict

from safelight.contract.transformations import Transformation
from safelight.image_app.schemas import Answer, Body


class PresetBody(Body):
    """What a preset does, and whether it is made of every upload that names no presets."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"transformation": {"width": 300, "format": "webp"}}]}
    )

    transformation: Transformation
    on_upload: bool = True


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
