"""The pictures of one account, as many as are wanted, the same each time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from safelight.image_app.images import grams

ACCOUNT = "0190a5c0-1234-7abc-8def-0123456789ab"
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
APART = timedelta(seconds=61.007)
FEW = 20
"""How many have what is rare, in an album of any size."""
WORDS = ("evening", "garden", "bridge", "mountain", "winter", "festival", "window", "river")
_STRIDE = 7_368_787
"""A prime: what is by its multiples is in no order with time."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What differs between the pictures."""

    id: str
    name: str
    description: str
    tags: list[str]
    status: str
    content_type: str
    size: int
    created_at: datetime

    @property
    def search(self) -> str:
        return grams.text_of(self.name, self.description, self.tags)

    @property
    def words(self) -> str:
        return grams.document(ACCOUNT, self.content_type, self.search)


def picture(number: int, of: int) -> Picture:
    """One of an album; `number` counts from 0 in the order of time."""
    made = BEGAN + number * APART
    made = made.replace(microsecond=made.microsecond // 1000 * 1000)
    mixed = number * _STRIDE % of
    is_rare = mixed % (of // FEW) == of // FEW // 2
    said = [WORDS[mixed % 8], WORDS[mixed // 8 % 8]]
    said += ["harbour"] * (mixed % 10 == 1) + ["market"] * (mixed % 100 == 2)
    said += ["lighthouse"] * (mixed % 1000 == 3) + ["zeppelin"] * is_rare
    tags = [("sea", "city")[mixed % 2], f"album {mixed % 1000}"] + ["wedding"] * is_rare
    return Picture(
        id=str(UUID(int=(int(made.timestamp() * 1000) << 80) + (7 << 76) + (2 << 62) + mixed)),
        name=f"IMG_{mixed:07d}.jpg",
        description=" ".join(said),
        tags=tags,
        status="failed" if is_rare else "ready",
        content_type="image/tiff" if is_rare else "image/jpeg",
        size=1_000_000 + mixed * 3 % of,
        created_at=made,
    )


def album(count: int) -> Iterator[Picture]:
    return (picture(number, count) for number in range(count))


def tags_of(picture: Picture) -> str:
    return json.dumps(picture.tags)
