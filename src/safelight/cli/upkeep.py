"""What is done once and ends: keys, migrations, verification, a look at everything."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

from safelight.cli.given import AsJson, DataDir, settings_of

Repair = Annotated[bool, typer.Option("--repair", help="Promise again what can be mended so.")]
Deep = Annotated[bool, typer.Option("--deep", help="Read every original and compare its hash.")]


def certs(data_dir: DataDir = None) -> None:
    """Make the keys that sign access tokens and links, unless they are there."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import signing

    private, public = settings.resolved_private_key(), settings.resolved_public_key()
    made = signing.make_certs(settings)
    typer.echo(f"{'Made' if made else 'Kept'} {private} and {public}")


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the shape that this version needs."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import databases, places

    if not settings.database_url:
        places.prepare_folder(settings.data_dir)
    asyncio.run(databases.bring_up_to_date(settings))
    typer.echo("The database is up to date.")


def verify(data_dir: DataDir = None, repair: Repair = False, deep: Deep = False) -> None:
    """Compare rows, objects and promises; name every difference. Stop the product first."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import verifying

    verified = asyncio.run(verifying.verify(settings, typer.echo, repair, deep))
    typer.echo(verified.summary())
    raise typer.Exit(verified.exit_code())


def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Look at everything that the product needs, and say what to do; changes nothing."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition.doctor import examination

    findings = asyncio.run(examination.examine(settings))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        typer.echo(examination.table(findings))
    raise typer.Exit(1 if any(finding.state == "fault" for finding in findings) else 0)
