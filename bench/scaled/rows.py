"""Images in numbers, written straight into PostgreSQL as their uploads would have left them."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from safelight.contract.presets import BUILT_IN

# Ids are UUIDv7s of the time, and rows come in the order of time, as uploads write them.
IMAGES = """
INSERT INTO images (
    id, account_id, name, description, tags, visibility, status, version, content_type, size,
    sha256, width, height, placeholder, dominant_color, taken_at, created_at, updated_at
)
SELECT
    (lpad(to_hex((extract(epoch FROM time) * 1000)::bigint), 12, '0')
        || '7' || substr(digits, 1, 3) || '8' || substr(digits, 4, 15))::uuid,
    $1, 'IMG_' || number || '.jpg', '', '["harbour", "evening"]', 'private', 'ready', 1,
    'image/jpeg', 4000000 + number, digits || digits, 4000, 3000,
    'data:image/webp;base64,' || repeat(digits, 5), '#336699', time, time, time
FROM (
    SELECT number, md5(number::text) AS digits,
        timestamptz '2020-01-01 00:00:00Z' + number * interval '61.007 seconds' AS time
    FROM generate_series(1, $2::int) AS number
) AS numbered
"""
VARIANTS = """
INSERT INTO variants (
    image_id, name, position, transformation, preset_version, fingerprint, status, content_type,
    width, height, size
)
SELECT images.id, preset.name, preset.position - 1, preset.transformation::json, 1,
    preset.fingerprint, 'ready', 'image/webp', 1440, 1080, 150000
FROM images CROSS JOIN unnest($1::text[], $2::text[], $3::text[])
    WITH ORDINALITY AS preset (name, transformation, fingerprint, position)
"""
SOME_OF_THE_OLDER_HALF = """
SELECT created_at, id FROM images
WHERE account_id = $1 AND created_at < (
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at) FROM images
) AND created_at > (SELECT min(created_at) + interval '1 day' FROM images)
ORDER BY random() LIMIT $2
"""
FILL_SECONDS = 600


@dataclass(frozen=True)
class Position:
    """Where a page may end."""

    created_at: datetime
    id: str


async def fill(url: str, count: int) -> str:
    """Give the only account so many images with all their variants; its id."""
    connection = await asyncpg.connect(url, command_timeout=FILL_SECONDS)
    try:
        account_id = await connection.fetchval("SELECT id FROM accounts")
        # Every variant is made of an image that is there: nothing to check a million times.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(IMAGES, account_id, count)
        transformations = [transformation.model_dump_json() for transformation in BUILT_IN.values()]
        fingerprints = [transformation.fingerprint() for transformation in BUILT_IN.values()]
        await connection.execute(VARIANTS, list(BUILT_IN), transformations, fingerprints)
        # As autovacuum would have left them, and so that it does not come while we measure.
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return str(account_id)


async def deep_positions(url: str, account_id: str, count: int) -> list[Position]:
    """Places among the older half, in no order, each with more than a page behind it."""
    connection = await asyncpg.connect(url, command_timeout=FILL_SECONDS)
    try:
        rows = await connection.fetch(SOME_OF_THE_OLDER_HALF, account_id, count)
    finally:
        await connection.close()
    return [Position(row["created_at"], str(row["id"])) for row in rows]
