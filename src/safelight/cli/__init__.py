"""The command line: `safelight up | api | processor | certs | keys | migrate | verify |
dead-letters | doctor`.

Each command imports what it starts and no more.
"""

import sys
from collections.abc import Callable

import typer

from safelight.backends.unusable import Unusable
from safelight.cli import keys, letters, products, upkeep

app = typer.Typer(
    name="safelight",
    help="A self-hosted photo platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(products.up, products.api, products.processor),
    *(upkeep.certs, upkeep.migrate, upkeep.verify, upkeep.doctor),
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(keys.app)
app.add_typer(letters.app)


def main() -> None:
    """Run a command; what is wrong on this machine is one line, not a traceback."""
    try:
        app()
    except Unusable as error:
        typer.echo(f"safelight: {error}", err=True)
        sys.exit(1)
