"""What clients ask to have made of a picture."""

from typing import Annotated

from pydantic import ConfigDict, Field

from safelight.contract.transformations import Transformation
from safelight.image_app.schemas import Body, VariantName


class NewVariant(Body):
    """A variant that no preset makes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "banner", "transformation": {"width": 1200, "height": 400, "fit": "cover"}}
            ]
        }
    )

    name: VariantName
    transformation: Transformation


class Reprocessing(Body):
    """Which presets to make by their present versions; without any, all that the image has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"presets": ["thumb"]}]})

    presets: Annotated[list[str], Field(min_length=1)] | None = None
