"""Which presets there are."""

from safelight.contract.presets import BUILT_IN
from safelight.image_app.presets.schemas import Preset, PresetList


def list_presets() -> PresetList:
    """The built-in presets, in the order in which an image lists its variants."""
    return PresetList(
        items=[
            Preset(
                name=name,
                transformation=transformation.model_dump(exclude_defaults=True),
                on_upload=True,
                built_in=True,
                version=1,
            )
            for name, transformation in BUILT_IN.items()
        ]
    )
