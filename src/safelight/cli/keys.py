"""`safelight keys`: those that sign access tokens are listed, and give way to new ones."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safelight.cli.given import AsJson, DataDir, settings_of

if TYPE_CHECKING:
    from safelight.backends.keyring import CheckingKey

app = typer.Typer(
    name="keys",
    help="The keys that sign access tokens; works beside a running product.",
    no_args_is_help=True,
)

Wait = Annotated[
    float,
    typer.Option(
        min=0, max=3600, metavar="SECONDS", help="From when a key is published to when it signs."
    ),
]

Stolen = Annotated[
    bool, typer.Option("--stolen", help="Take nothing more of what former keys have signed.")
]


@app.command()
def rotate(wait: Wait = 15, stolen: Stolen = False, data_dir: DataDir = None) -> None:
    """Make a new key that signs from now on; nobody is signed out."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import signing

    def tell(new: "CheckingKey") -> None:
        typer.echo(f"Published {new.kid}, which signs in {wait:g} seconds.")

    signs, *former = signing.rotate(settings, wait, stolen, tell)
    typer.echo(f"{signs.kid} signs.")
    for key in former:
        typer.echo(f"{key.kid} is taken until {_shown(key.until)}.")


@app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Name those whose tokens are taken: when each was made, whether it signs, until when."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import signing

    signs, *others = signing.taken(settings)
    lines = [_line(signs, "signs"), *(_line(key, "is taken") for key in others)]
    if as_json:
        typer.echo(json.dumps(lines, indent=2))
        return
    for line in lines:
        until = f" until {line['until']}" if line["until"] else ""
        typer.echo(f"{line['kid']}  made {line['made'] or 'at some time'}  {line['state']}{until}")


def _line(key: "CheckingKey", state: str) -> dict[str, Any]:
    made, until = _shown(key.made), _shown(key.until)
    return {"kid": key.kid, "made": made, "state": state, "until": until}


def _shown(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
