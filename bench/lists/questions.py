"""What is asked of both albums, and from where on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench.lists.album import ACCOUNT, BEGAN, picture
from safelight.image_app.images.grams import fold
from safelight.image_app.images.schemas import ListParameters
from safelight.image_app.paging import Cursors

SORTS = ("-created_at", "created_at", "name", "-name", "size", "-size")
LIMIT = 50
RARELY = "found by few"


@dataclass(frozen=True, slots=True)
class Question:
    """One list; `is_promised` when it may take no longer of a million than of a thousand."""

    what: str
    asked: dict[str, Any] = field(default_factory=dict)
    is_deep: bool = False
    is_promised: bool = True

    def parameters(self, cursors: Cursors, count: int, number: int) -> ListParameters:
        """The `number`th way to ask it of an album of so many pictures."""
        wanted = ListParameters(limit=LIMIT, **self.asked)
        if not self.is_deep:
            return wanted
        there = picture(count // 4 + number * count // 1000, count)
        place = {
            "created_at": there.created_at.isoformat(),
            "name": fold(there.name),
            "size": str(there.size),
        }[wanted.sort.removeprefix("-")]
        cursor = cursors.pack(f"list:{ACCOUNT}:{wanted.question()}", [place, there.id])
        return wanted.model_copy(update={"cursor": cursor})


def questions() -> Iterator[Question]:
    """All of them."""
    for sort in SORTS:
        yield Question(f"first page, sort={sort}", {"sort": sort})
        yield Question(f"deep page, sort={sort}", {"sort": sort}, is_deep=True)
    for sort in ("-created_at", "name"):
        yield Question(f"q= that 20 have, sort={sort}", {"sort": sort, "q": "zeppelin"})
        yield Question(f"q= that nobody has, sort={sort}", {"sort": sort, "q": "xylophone"})
        yield Question(f"q= that one in 10 has, sort={sort}", {"sort": sort, "q": "harbour"})
        deep = {"sort": sort, "q": "harbour"}
        yield Question(f"q= that one in 10 has, deep page, sort={sort}", deep, is_deep=True)
        yield Question(f"q= of one letter, sort={sort}", {"sort": sort, "q": "e"})
        yield Question(f"q= of two letters that 20 have, sort={sort}", {"sort": sort, "q": "zp"})
        yield Question(f"tag= that 20 have, sort={sort}", {"sort": sort, "tags": ["wedding"]})
        yield Question(f"tag= that half have, sort={sort}", {"sort": sort, "tags": ["sea"]})
        both = {"sort": sort, "tags": ["album 3", "wedding"]}
        yield Question(f"two tags that one has, sort={sort}", both)
        yield Question(f"status= that 20 have, sort={sort}", {"sort": sort, "status": "failed"})
        yield Question(f"status= that most have, sort={sort}", {"sort": sort, "status": "ready"})
        tiff = {"sort": sort, "content_type": "image/tiff"}
        yield Question(f"content_type= that 20 have, sort={sort}", tiff)
        day = {"created_after": BEGAN, "created_before": BEGAN + timedelta(hours=8)}
        yield Question(f"created in a day, sort={sort}", {"sort": sort} | day)
    for word, share in (("market", 100), ("lighthouse", 1000)):
        asked = {"q": word}
        yield Question(f"q= that one in {share} has", asked, is_promised=False)
        yield Question(
            f"q= that one in {share} has, sort=name", asked | {"sort": "name"}, False, False
        )
