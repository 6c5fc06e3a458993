"""Pictures that differ in all that lists are asked for, written as an upload writes them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app import clock
from safelight.image_app.images import queries

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = (
    "Äpfel.jpg",
    "zebra.jpg",
    "Zebra.jpg",
    "apfel.JPG",
    "100%.png",
    "a_b.png",
    "a\\b",
    "日本.jpg",
)
TAGS = ("Sea", "boats", "ÇA VA", "日本", "50%")
TYPES = ("image/jpeg", "image/png", "image/webp")
STATES = ("ready", "processing", "failed")
TEXTS = ("", "Two lines\nof it", "an evening at the HARBOUR", "\U0001f305", "Straße")


def a_picture(account_id: str, number: int) -> dict[str, Any]:
    """The row; several are alike in each thing, in time too."""
    time = BEGAN + timedelta(minutes=number * 7 % 50)
    return {
        "id": clock.new_id(),
        "account_id": account_id,
        "name": NAMES[number % 8],
        "description": TEXTS[number // 3 % 5],
        "tags": [tag for i, tag in enumerate(TAGS) if number >> i & 1],
        "visibility": "private",
        "status": STATES[number % 7 % 3],
        "version": 1,
        "content_type": TYPES[number % 11 % 3],
        "size": 1000 + number * 13 % 20,
        "sha256": "",
        "created_at": time,
        "updated_at": time,
    }


async def write(connection: AsyncConnection, pictures: Sequence[dict[str, Any]]) -> None:
    for picture in pictures:
        await queries.insert(connection, picture, [])
