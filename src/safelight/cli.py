"""The command line: `safelight up | api | processor | certs | migrate | verify`.

Each command imports what it starts and no more.
"""

import asyncio
import sys
from pathlib import Path
from socket import socket
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from safelight import logs, serving
from safelight.backends.unusable import Unusable
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


Host = Annotated[str | None, typer.Option(show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(show_default="8000")]


@app.command()
def up(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Start the whole product on this machine, nothing else needed."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    from safelight.composition import commands, decoders, places
    from safelight.composition.embedded import embedded

    if settings.broker_url:
        raise Unusable(
            "SAFELIGHT_BROKER_URL is set: start `safelight api` and `safelight processor`, which "
            "meet there, or unset it for `safelight up`"
        )
    asyncio.run(decoders.check_locks(settings))
    places.prepare_folder(settings.data_dir)
    with places.alone(settings.data_dir):
        commands.make_certs(settings)
        asyncio.run(commands.migrate_database(settings))
        listener = serving.bind(settings.host, settings.port)
        _tell_of_the_api(listener)
        typer.echo(f"Data  {settings.data_dir.resolve()}")
        _serve(embedded(settings), listener, settings)


@app.command()
def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Start one HTTP API of many, on PostgreSQL, a broker and an object store."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    from safelight.composition.api import api as compose

    made = compose(settings)
    listener = serving.bind(settings.host, settings.port)
    _tell_of_the_api(listener)
    _serve(made, listener, settings)


@app.command()
def processor(
    host: Host = None, port: Annotated[int | None, typer.Option(show_default="10101")] = None
) -> None:
    """Start one processor of many; the port is for its health and metrics."""
    settings = _settings(host=host, processor_port=port)
    from safelight.composition import decoders, secrets
    from safelight.composition.processor import processor as compose

    secrets.forget()
    made = compose(settings)
    asyncio.run(decoders.check_locks(settings))
    listener = serving.bind(settings.host, settings.processor_port)
    typer.echo(f"Health {serving.address(listener)}/health/ready")
    _serve(made, listener, settings)


@app.command()
def certs(data_dir: DataDir = None) -> None:
    """Make the keys that sign access tokens and links, unless they are there."""
    settings = _settings(data_dir=data_dir)
    from safelight.composition import commands

    private, public = settings.resolved_private_key(), settings.resolved_public_key()
    made = commands.make_certs(settings)
    typer.echo(f"{'Made' if made else 'Kept'} {private} and {public}")


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the shape that this version needs."""
    settings = _settings(data_dir=data_dir)
    from safelight.composition import commands, places

    if not settings.database_url:
        places.prepare_folder(settings.data_dir)
    asyncio.run(commands.migrate_database(settings))
    typer.echo("The database is up to date.")


@app.command()
def verify(data_dir: DataDir = None) -> None:
    """Compare rows, objects and promises; name every difference. Stop the product first."""
    settings = _settings(data_dir=data_dir)
    from safelight.composition import commands

    images, promises, found = asyncio.run(commands.verify(settings, typer.echo))
    typer.echo(f"{images} images, {promises} promises, {found} differences")
    raise typer.Exit(1 if found else 0)


def _tell_of_the_api(listener: socket) -> None:
    address = serving.address(listener)
    typer.echo(f"API   {address}/v1")
    typer.echo(f"Docs  {address}/")


def _serve(made: Any, listener: socket, settings: Settings) -> None:
    if not serving.Server(made, settings.drain_seconds).serve_on(listener):
        raise Unusable("Safelight could not start; the log above says why")
    typer.echo("Stopped; nothing was lost.")


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
