"""`safelight dead-letters`: what could not be handled is listed, looked into, sent again."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safelight.backends.unusable import Unusable
from safelight.cli.given import AsJson, DataDir, settings_of

if TYPE_CHECKING:
    from safelight.image_app.dead_letters.letters import Letter
    from safelight.settings import Settings

app = typer.Typer(
    name="dead-letters",
    help="Messages that could not be handled; works beside a running product.",
    no_args_is_help=True,
)

LARGEST = 2**63 - 1
"""Number that a database can count to."""

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST)]
Ids = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID...", min=1, max=LARGEST, show_default=False),
]
All = Annotated[bool, typer.Option("--all", help="Every one there is.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]


@app.command("list")
def list_(limit: Limit = 50, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Name them, newest first."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import letters

    found = asyncio.run(letters.newest(settings, limit))
    if as_json:
        typer.echo(json.dumps([_line(letter) for letter in found], indent=2))
        return
    for letter in found:
        line = _line(letter)
        typer.echo("  ".join(str(line[name]) or "-" for name in line))
    if not found:
        typer.echo("There is none.")


@app.command()
def show(id_: Id, data_dir: DataDir = None) -> None:
    """Show one whole, and what sending it again would do."""
    settings = settings_of(data_dir=data_dir)
    from safelight.composition import letters

    letter, plan = asyncio.run(letters.show(settings, id_))
    for name, value in _line(letter).items():
        typer.echo(f"{name}: {_printable(str(value))}")
    for name, value in sorted(letter.headers.items()):
        typer.echo(f"header {_printable(name)}: {_printable(value)}")
    typer.echo(f"\n{_body(letter.body)}\n")
    does = {"sent": "sends it", "pointless": "drops it", "refused": "is refused"}
    typer.echo(f"`safelight dead-letters send {letter.id}` {does[plan.verdict]}: {plan.words}")


@app.command()
def send(ids: Ids = None, all_: All = False, data_dir: DataDir = None) -> None:
    """Send them again to where they were for, or drop those for which that is pointless."""
    settings = settings_of(data_dir=data_dir)
    if bool(ids) == all_:
        raise Unusable("say which: `safelight dead-letters send ID...`, or `--all`")
    raise typer.Exit(asyncio.run(_send(settings, None if all_ else ids)))


async def _send(settings: "Settings", ids: list[int] | None) -> int:
    """The exit code: 1 when one was refused."""
    from safelight.composition import letters

    says = {"sent": "sent", "pointless": "dropped as pointless", "refused": "not sent"}
    refused = count = 0
    async for id_, plan in letters.send(settings, ids):
        typer.echo(f"{id_} {says[plan.verdict]}: {plan.words}")
        refused, count = refused + (plan.verdict == "refused"), count + 1
    if not count:
        typer.echo("There is none.")
    return 1 if refused else 0


@app.command()
def drop(ids: Ids = None, data_dir: DataDir = None) -> None:
    """Forget them for good."""
    settings = settings_of(data_dir=data_dir)
    if not ids:
        raise Unusable("say which: `safelight dead-letters drop ID...`")
    from safelight.composition import letters

    asyncio.run(letters.drop(settings, ids))
    typer.echo(f"Dropped {' '.join(str(id_) for id_ in ids)}")


def _line(letter: "Letter") -> dict[str, Any]:
    return {
        "id": letter.id,
        "when": letter.parked_at.isoformat(timespec="seconds"),
        "topic": _printable(letter.topic),
        "image": _printable(letter.key),
        "reason": _printable(letter.reason),
    }


def _body(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2)
    except ValueError:
        return _printable(body.decode(errors="backslashreplace"))


def _printable(text: str) -> str:
    """Anybody may have written it: nothing of it may steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
