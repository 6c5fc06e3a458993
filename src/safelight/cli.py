"""The command line: `safelight up | certs | migrate | verify`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from safelight import logs, serving
from safelight.backends.keyfiles import Unusable, make_keys
from safelight.settings import Settings

app = typer.Typer(
    name="safelight",
    help="A self-hosted photo platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of everything that is kept.", show_default="./data")
]


@app.command()
def up(
    host: Annotated[str | None, typer.Option(show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(show_default="8000")] = None,
    data_dir: DataDir = None,
) -> None:
    """Start the whole product on this machine, nothing else needed."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    from safelight import composition

    composition.prepare(settings)
    with composition.alone(settings.data_dir):
        asyncio.run(composition.migrate_database(settings))
        listener = serving.bind(settings.host, settings.port)
        address = serving.address(listener)
        server = serving.Server(composition.embedded(settings), settings.drain_seconds)
        for name, place in (
            ("API", f"{address}/v1"),
            ("Docs", f"{address}/"),
            ("Data", settings.data_dir.resolve()),
        ):
            typer.echo(f"{name:5} {place}")
        if not server.serve_on(listener):
            raise Unusable("Safelight could not start; the log above says why")
        typer.echo("Stopped; nothing was lost.")


@app.command()
def certs(data_dir: DataDir = None) -> None:
    """Make the pair of keys that signs access tokens, unless it is there."""
    settings = _settings(data_dir=data_dir)
    private, public = settings.resolved_private_key(), settings.resolved_public_key()
    made = make_keys(private, public)
    typer.echo(f"{'Made' if made else 'Kept'} {private} and {public}")


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the shape that this version needs."""
    from safelight import composition

    settings = _settings(data_dir=data_dir)
    composition.prepare(settings)
    asyncio.run(composition.migrate_database(settings))
    typer.echo("The database is up to date.")


@app.command()
def verify(data_dir: DataDir = None) -> None:
    """Compare rows, objects and promises; name every difference. Stop the product first."""
    from safelight import composition

    settings = _settings(data_dir=data_dir)
    images, promises, found = asyncio.run(composition.verify(settings, typer.echo))
    typer.echo(f"{images} images, {promises} promises, {found} differences")
    raise typer.Exit(1 if found else 0)


def main() -> None:
    """Run a command; what is wrong on this machine is one line, not a traceback."""
    try:
        app()
    except Unusable as error:
        typer.echo(f"safelight: {error}", err=True)
        sys.exit(1)


def _settings(**given: Any) -> Settings:
    """The settings, where what was given on the command line comes first."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = (f"SAFELIGHT_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise Unusable("; ".join(lines)) from None
    logs.configure(settings.log_format, settings.log_level)
    return settings
