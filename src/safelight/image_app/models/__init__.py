"""Every table."""

from safelight.image_app.models.accounts import (
    accounts,
    api_keys,
    closed_accounts,
    presets,
    refresh_tokens,
    usage,
)
from safelight.image_app.models.columns import BYTEWISE, Found, UtcTime, metadata
from safelight.image_app.models.images import (
    image_grams,
    images,
    renderings,
    upload_keys,
    uploads,
    variants,
)
from safelight.image_app.models.messages import dead_letters, events, outbox

__all__ = [
    "BYTEWISE",
    "Found",
    "UtcTime",
    "accounts",
    "api_keys",
    "closed_accounts",
    "dead_letters",
    "events",
    "image_grams",
    "images",
    "metadata",
    "outbox",
    "presets",
    "refresh_tokens",
    "renderings",
    "upload_keys",
    "uploads",
    "usage",
    "variants",
]
