"""Alembic's way in; the connection and its transaction are the caller's."""

from typing import Any, Literal

from alembic import context

from safelight.image_app.models import UtcTime, metadata


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration must not change with our code, so it names SQLAlchemy's own types."""
    utc_time = kind == "type" and isinstance(item, UtcTime)
    return "sa.DateTime(timezone=True)" if utc_time else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_render,
    compare_type=True,
)
context.run_migrations()
