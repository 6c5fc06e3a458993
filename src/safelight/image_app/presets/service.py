"""Which presets an account has, and changing its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, errors, overlays
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.errors import FieldError
from safelight.image_app.models import Found
from safelight.image_app.presets import queries
from safelight.image_app.presets.schemas import Preset, PresetBody, PresetList
from safelight.image_app.resources import Resources
from safelight.image_app.schemas import is_variant_name, variant_name
from safelight.image_app.work import begin

MOST = 100
"""Presets of one account, the built-in ones not counted."""
OTHERS = 1000
"""Place of what is listed by name, behind every built-in preset."""


@dataclass(frozen=True, slots=True)
class Known:
    """A preset that an account can use."""

    name: str
    transformation: Transformation
    version: int
    on_upload: bool = True
    built_in: bool = False


async def known_presets(connection: AsyncConnection, account_id: str) -> dict[str, Known]:
    """All by name: the built-in ones in their order, then the account's own by name."""
    found = {
        name: Known(name, transformation, version=1, built_in=True)
        for name, transformation in BUILT_IN.items()
    }
    for row in await queries.all_of(connection, account_id):
        wanted = Transformation.model_validate(row.transformation)
        found.setdefault(row.name, Known(row.name, wanted, row.version, row.on_upload))
    return found


def chosen(known: Mapping[str, Known], names: Iterable[str]) -> list[Known]:
    """Those of these names, or those of an upload that names none; raises `unknown-preset`."""
    named = set(names)
    for name in sorted(named):
        if name not in known:
            raise errors.UNKNOWN_PRESET(f"There is no preset '{name[:32]}'.")
    return [p for p in known.values() if (p.name in named if named else p.on_upload)]


def place_of(name: str) -> int:
    """Where an image lists its variant of this name; those of one place are listed by name."""
    return list(BUILT_IN).index(name) if name in BUILT_IN else OTHERS


async def list_presets(resources: Resources, account_id: str) -> PresetList:
    async with resources.database.reading() as connection:
        known = await known_presets(connection, account_id)
    return PresetList(items=[_view(preset) for preset in known.values()])


def require_own_name(name: str) -> None:
    """Raise `validation-failed`, `preset-is-built-in` for what no preset of one's own can be."""
    if name in BUILT_IN:
        raise errors.PRESET_IS_BUILT_IN()
    try:
        variant_name(name)
    except ValueError as error:
        raise errors.VALIDATION_FAILED(errors=[FieldError("name", str(error))]) from None


async def put_preset(
    resources: Resources, account_id: str, name: str, wanted: PresetBody
) -> tuple[Preset, bool]:
    """Make or change a preset, whose name may be used; also whether it was made.

    Each change makes its version one higher, and what changes nothing is none. Raises
    `validation-failed`, `quota-exceeded`, `unauthenticated` where the account was just deleted.
    """
    transformation = wanted.transformation
    values = {
        "transformation": transformation.model_dump(mode="json"),
        "on_upload": wanted.on_upload,
    }
    async with begin(resources) as work:
        await queries.lock(work.connection, account_id)
        if await accounts.is_closed(work.connection, account_id):
            raise errors.UNAUTHENTICATED()
        await overlays.require_watermark(work.connection, account_id, transformation)
        row = await queries.find(work.connection, account_id, name)
        version = row.version if row else 1
        if row is None:
            await _insert(work.connection, account_id, name, values)
        elif _differs(row, values):
            version += 1
            await queries.change(
                work.connection, account_id, name, version=version, updated_at=clock.now(), **values
            )
    known = Known(name, transformation, version, wanted.on_upload)
    return _view(known), row is None


async def delete_preset(resources: Resources, account_id: str, name: str) -> None:
    """Variants that it made stay. Raises `preset-is-built-in`, `preset-not-found`."""
    if name in BUILT_IN:
        raise errors.PRESET_IS_BUILT_IN()
    if not is_variant_name(name):
        raise errors.PRESET_NOT_FOUND()
    async with begin(resources) as work:
        await queries.lock(work.connection, account_id)
        if not await queries.remove(work.connection, account_id, name):
            raise errors.PRESET_NOT_FOUND()


async def _insert(
    connection: AsyncConnection, account_id: str, name: str, values: Mapping[str, object]
) -> None:
    if await queries.count(connection, account_id) >= MOST:
        raise errors.QUOTA_EXCEEDED(f"The account has {MOST} presets, as many as it may.")
    now = clock.now()
    await queries.insert(
        connection,
        account_id=account_id,
        name=name,
        version=1,
        created_at=now,
        updated_at=now,
        **values,
    )


def _differs(row: Found, values: Mapping[str, object]) -> bool:
    return any(getattr(row, column) != value for column, value in values.items())


def _view(preset: Known) -> Preset:
    return Preset(
        name=preset.name,
        transformation=preset.transformation.model_dump(mode="json"),
        on_upload=preset.on_upload,
        built_in=preset.built_in,
        version=preset.version,
    )
