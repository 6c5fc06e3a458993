"""The transformation that somebody wants of an image, checked against what is known of it."""

from safelight.contract import geometry
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app.delivered import wording
from safelight.image_app.delivered.wording import refused
from safelight.image_app.models import Found
from safelight.image_app.presets import queries as presets
from safelight.image_app.resources import Resources


async def read(resources: Resources, image: Found, what: str) -> Transformation:
    """What the path says, on top of the preset that it names.

    `image` is a row of `queries.find`. Raises `validation-failed`, which names the option.
    """
    wish = wording.read(what)
    preset = None
    if wish.preset is not None:
        preset = await _preset(resources, image.account_id, wish.preset)
    transformation = wish.on_top_of(preset)
    check(image, transformation)
    return transformation


def check(image: Found, transformation: Transformation, within: str = "") -> None:
    """Raises `validation-failed` for what can't be done to a picture of these sides.

    `within` stands before the option's name. Until a processor has looked, and where orientation
    is not applied, width and height may have to be swapped: then only what is wrong either way is
    refused.
    """
    if image.width is None or image.height is None:
        return
    sure = image.frames is not None and transformation.auto_orient
    fault = geometry.fault((image.width, image.height), transformation)
    if fault and (sure or geometry.fault((image.height, image.width), transformation)):
        option, words = fault
        raise refused(f"{within}{option}", words)


async def _preset(resources: Resources, account_id: str, name: str) -> Transformation:
    if name in BUILT_IN:
        return BUILT_IN[name]
    own = None
    if name.isprintable():  # no database keeps every character
        async with resources.database.reading() as connection:
            own = await presets.find(connection, account_id, name)
    if own is None:
        raise refused("preset", "is no preset of this account")
    return Transformation.model_validate(own.transformation)
