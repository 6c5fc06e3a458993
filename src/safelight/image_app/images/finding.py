"""Which pictures are on a page of a list.

Two ways lead there, and each gives the whole answer. A walk reads the pictures in the order of the
list and leaves out what is not meant: quick when much is meant. An index names what may be meant,
to be sorted afterwards: quick when that is little. Nobody knows beforehand, so walks begin short
and grow as long as they are promising; then the index is asked, first for how many it names.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, cast, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import operators
from sqlalchemy.sql.expression import UnaryExpression

from safelight.image_app.images import grams
from safelight.image_app.images.schemas import ListParameters
from safelight.image_app.models import Found, image_grams, images

SHORT, LONGER, LONG = 200, 8_000, 25_000
"""Pictures that a walk may read."""
FEW = 2_000
"""Pictures that are sorted sooner than a long walk is made: one that is named costs as much as ten
that are walked by."""

KEYS: dict[str, Column[Any]] = {
    "created_at": images.c.created_at,
    "name": images.c.name_key,
    "size": images.c.size,
}
"""What lists are sorted by; pictures that are alike in it by their ids."""

Condition = ColumnElement[bool]
Statement = Select[*tuple[Any, ...]]


async def page(
    connection: AsyncConnection,
    account_id: str,
    asked: ListParameters,
    after: tuple[Any, str] | None,
    count: int,
) -> Sequence[Found]:
    """Up to `count` pictures in the order of the list, from after a position on."""
    listed = List(connection.dialect.name, account_id, asked, after, count)
    if not listed.is_filtered:
        return await _rows(connection, listed.all())
    found = await _rows(connection, listed.walked(SHORT))
    if count > len(found) >= count * SHORT / LONGER:
        found = await _rows(connection, listed.walked(LONGER))
    if len(found) == count:
        return found
    if (await connection.execute(listed.named())).scalar_one() > FEW:
        found = await _rows(connection, listed.walked(LONG))
    return found if len(found) == count else await _rows(connection, listed.indexed())


async def _rows(connection: AsyncConnection, statement: Statement) -> Sequence[Found]:
    return (await connection.execute(statement)).all()


def position(row: Found, sort: str) -> tuple[Any, str]:
    """Where a picture stands in a list of this order."""
    return getattr(row, _key_of(sort).key), row.id


class List:
    """The statements for one page."""

    def __init__(
        self,
        dialect: str,
        account_id: str,
        asked: ListParameters,
        after: tuple[Any, str] | None,
        count: int,
    ) -> None:
        self._is_sqlite = dialect == "sqlite"
        self._account_id = account_id
        self._asked = asked
        self._after = after
        self._count = count
        self._key = _key_of(asked.sort)
        self._is_by_time = self._key is images.c.created_at
        self.is_filtered = bool(self._excluded(images.c))
        """Whether pictures have to be looked at, beyond their place in the order's index."""

    def all(self) -> Statement:
        return self._ordered(select(images).where(*self._in_reach()), images.c, self._count)

    def walked(self, longest: int) -> Statement:
        """The next pictures, as many as that, and of them those that are meant."""
        walk = select(images).where(*self._in_reach())
        walked = self._ordered(walk, images.c, longest).subquery("walked")
        meant = select(walked).where(*self._excluded(walked.c))
        if self._is_sqlite:
            # It passes rows on in the order of the walk, and asked to sort them reads all first.
            return meant.limit(self._count)
        return self._ordered(meant, walked.c, self._count)

    def named(self) -> Select[int]:
        """How many may be meant, as an index knows, counted no further than is of interest."""
        if self._words():
            named = self._having_words()
        else:
            named = select(images.c.id).where(*self._own(), *self._indexed())
        return select(func.count()).select_from(named.limit(FEW + 1).subquery("named"))

    def indexed(self) -> Statement:
        """All that are meant, found without regard to their order, and of them the next."""
        meant = select(images).where(*self._indexed(), *self._excluded(images.c))
        if self._words():
            meant = meant.where(images.c.id.in_(self._having_words()), *self._own(in_index=False))
        else:
            meant = meant.where(*self._own())
        found = meant.cte("meant").prefix_with("MATERIALIZED")
        return self._ordered(select(found).where(*self._beyond(found.c)), found.c, self._count)

    def _ordered(self, query: Statement, c: Any, count: int) -> Statement:
        columns = c[self._key.key], c.id
        backwards = self._asked.sort.startswith("-")
        by = [column.desc() if backwards else column for column in columns]
        return query.order_by(*by).limit(count)

    def _own(self, in_index: bool = True) -> list[Condition]:
        account_id: ColumnElement[str] = images.c.account_id
        if self._is_sqlite and not in_index:
            # SQLite takes an account's index for better than a hundred ids unless it can't.
            unindexed = operators.custom_op[Any]("+")
            account_id = UnaryExpression(account_id, operator=unindexed, type_=account_id.type)
        return [account_id == self._account_id, images.c.deleted_at.is_(None)]

    def _in_reach(self) -> list[Condition]:
        """What is left out by beginning and ending in the right place of the order's index."""
        indexed = self._indexed() if self._is_by_time else []
        return self._own() + indexed + self._beyond(images.c)

    def _indexed(self) -> list[Condition]:
        """What is left out by an index of times, or of states and times."""
        return self._in_status(images.c) + self._by_time(images.c)

    def _beyond(self, c: Any) -> list[Condition]:
        if self._after is None:
            return []
        place = tuple_(c[self._key.key], c.id)
        # PostgreSQL compares an id with nothing that is not one, so the values have to say so.
        after = tuple_(*self._after, types=[self._key.type, images.c.id.type])
        return [place < after if self._asked.sort.startswith("-") else place > after]

    def _in_status(self, c: Any) -> list[Condition]:
        return [c.status == self._asked.status] if self._asked.status else []

    def _by_time(self, c: Any) -> list[Condition]:
        since, until = self._asked.created_after, self._asked.created_before
        conditions = [c.created_at > since] if since else []
        return conditions + ([c.created_at < until] if until else [])

    def _excluded(self, c: Any) -> list[Condition]:
        """What has to be looked at in each picture."""
        asked = self._asked
        contains: Callable[..., Any] = func.instr if self._is_sqlite else func.strpos
        texts = [asked.q, *map(grams.of_tag, asked.tags)]
        conditions = [contains(c.search, text) > 0 for text in texts if text]
        if asked.content_type:
            conditions.append(c.content_type == asked.content_type)
        if self._is_by_time:
            return conditions
        return conditions + self._in_status(c) + self._by_time(c)

    def _words(self) -> list[str]:
        asked = self._asked
        return grams.question(self._account_id, asked.q, asked.tags, asked.content_type)

    def _having_words(self) -> Select[str]:
        """Ids of what has all the words of the question."""
        query = select(image_grams.c.image_id)
        if self._is_sqlite:
            quoted = (f'"{w.rstrip("*")}"' + " *" * w.endswith("*") for w in self._words())
            match = text(
                "seq IN (SELECT rowid FROM image_grams_index WHERE image_grams_index MATCH :words)"
            )
            return query.where(match.bindparams(words=" ".join(quoted)))
        words = " & ".join(w.replace("*", ":*") for w in self._words())
        return query.where(image_grams.c.grams.op("@@")(cast(words, TSQUERY)))


def _key_of(sort: str) -> Column[Any]:
    return KEYS[sort.removeprefix("-")]
