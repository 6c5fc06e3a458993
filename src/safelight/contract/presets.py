"""The built-in presets: transformations every account has by name."""

from collections.abc import Mapping
from types import MappingProxyType

from safelight.contract.transformations import Transformation

BUILT_IN: Mapping[str, Transformation] = MappingProxyType(
    {
        "thumb": Transformation(
            width=100, height=100, fit="cover", gravity="attention", format="webp"
        ),
        "small": Transformation(width=300, height=300, format="webp"),
        "preview": Transformation(width=1440, height=1440, format="webp"),
        "grayscale": Transformation(grayscale=True),
    }
)
"""Name to transformation, in the order in which an image lists its variants."""
