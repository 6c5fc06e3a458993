"""What clients ask to have made of a picture."""

from typing import Annotated

from pydantic import AfterValidator, Field

from safelight.contract.transformations import Transformation
from safelight.image_app.schemas import Body, variant_name


class NewVariant(Body):
    """A variant that no preset makes."""

    name: Annotated[str, AfterValidator(variant_name)]
    transformation: Transformation


class Reprocessing(Body):
    """Which presets to make by their present versions; without any, all that the image has."""

    presets: Annotated[list[str], Field(min_length=1)] | None = None
