"""What runs until it is stopped: the whole product, or one part of many."""

import asyncio
import gc
from collections.abc import Sequence
from socket import socket
from typing import Annotated, Any

import typer

from safelight import serving
from safelight.backends.unusable import Unusable
from safelight.cli.given import DataDir, settings_of
from safelight.connections import Bounds
from safelight.settings import Settings

Host = Annotated[str | None, typer.Option(show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(show_default="8000")]


def up(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Start the whole product on this machine, nothing else needed."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    from safelight.composition import databases, decoders, places, signing
    from safelight.composition.embedded import embedded

    if settings.broker_url:
        raise Unusable(
            "SAFELIGHT_BROKER_URL is set: start `safelight api` and `safelight processor`, which "
            "meet there, or unset it for `safelight up`"
        )
    asyncio.run(decoders.check_locks(settings))
    places.prepare_folder(settings.data_dir)
    with places.alone(settings.data_dir):
        signing.make_certs(settings)
        asyncio.run(databases.bring_up_to_date(settings))
        serving.end_at_a_signal()
        listener = serving.bind(settings.host, settings.port)
        _tell_of_the_api(listener)
        typer.echo(f"Data  {settings.data_dir.resolve()}")
        _serve(embedded(settings), [listener, *_metrics(settings)], settings)


def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Start one HTTP API of many, on PostgreSQL, a broker and an object store."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    from safelight.composition.api import api as compose

    made = compose(settings)
    serving.end_at_a_signal()
    listener = serving.bind(settings.host, settings.port)
    _tell_of_the_api(listener)
    _serve(made, [listener, *_metrics(settings)], settings)


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
    serving.end_at_a_signal()
    listener = serving.bind(settings.host, settings.processor_port)
    typer.echo(f"Health {serving.address(listener)}/health/ready")
    _serve(made, [listener], settings)


def _settings(**given: Any) -> Settings:
    """As `settings_of`. Nothing looks for garbage until it serves: what is loaded until then stays,
    and to look through it again and again is a tenth of a start.
    """
    gc.disable()
    return settings_of(**given)


def _tell_of_the_api(listener: socket) -> None:
    address = serving.address(listener)
    typer.echo(f"API   {address}/v1")
    typer.echo(f"Docs  {address}/")


def _metrics(settings: Settings) -> list[socket]:
    """Where the API's metrics are served, if not beside the rest."""
    if settings.metrics_port is None:
        return []
    listener = serving.bind(settings.host, settings.metrics_port)
    typer.echo(f"Metrics {serving.address(listener)}/metrics")
    return [listener]


def _serve(made: Any, listeners: Sequence[socket], settings: Settings) -> None:
    bounds = Bounds(settings.connections, settings.header_seconds, settings.keep_alive_seconds)
    server = serving.Server(made, settings.drain_seconds, settings.notice_seconds, bounds)
    if not server.serve_on(*listeners):
        raise Unusable("Safelight could not start; the log above says why")
    typer.echo("Stopped; nothing was lost.")
