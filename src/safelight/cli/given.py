"""What is given on the command line, before the environment."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from safelight import logs
from safelight.backends.unusable import Unusable
from safelight.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of everything that is kept.", show_default="./data")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def settings_of(**given: Any) -> Settings:
    """The settings, where what was given on the command line comes first."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = (f"SAFELIGHT_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise Unusable("; ".join(lines)) from None
    logs.configure(settings.log_format, settings.log_level)
    return settings
