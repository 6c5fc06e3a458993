"""Everything that can go wrong for a client, on one page.

`raise errors.IMAGE_NOT_FOUND()`; the answer is a problem document (RFC 9457). A code never
changes once published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `field` is a path such as `tags.3`."""

    field: str
    message: str


@dataclass(slots=True)
class Problem(Exception):
    """A failure on its way to the client."""

    kind: "Kind"
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem document."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.kind.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            document["errors"] = [{"field": e.field, "message": e.message} for e in self.errors]
        return document


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of failure; calling it makes the problem to raise."""

    status: int
    code: str
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, detail: str = "", errors: Sequence[FieldError] = ()) -> Problem:
        return Problem(self, detail or self.detail, self.headers, errors)


_BEARER = {"WWW-Authenticate": "Bearer"}
_SOON = {"Retry-After": "5"}

MALFORMED_REQUEST = Kind(
    400, "malformed-request", "Malformed request", "This is not HTTP, or can be read in two ways."
)
MALFORMED_JSON = Kind(400, "malformed-json", "Malformed JSON", "The body is not valid JSON.")
MALFORMED_BODY = Kind(400, "malformed-body", "Malformed body", "The form can't be read.")
UNAUTHENTICATED = Kind(
    401,
    "unauthenticated",
    "Not signed in",
    "Send a valid access token or API key in the Authorization header.",
    _BEARER,
)
INVALID_CREDENTIALS = Kind(
    401, "invalid-credentials", "Invalid credentials", "The name or the password is wrong.", _BEARER
)
INVALID_REFRESH_TOKEN = Kind(
    401,
    "invalid-refresh-token",
    "Invalid refresh token",
    "This refresh token is unknown, spent or expired; sign in again.",
    _BEARER,
)
BAD_SIGNATURE = Kind(
    403, "bad-signature", "Bad signature", "This link was not made here, or was changed."
)
LINK_EXPIRED = Kind(403, "link-expired", "Link expired", "This link is no longer valid.")
WRONG_PASSWORD = Kind(403, "wrong-password", "Wrong password", "This is not your password.")
INSUFFICIENT_SCOPE = Kind(
    403,
    "insufficient-scope",
    "Insufficient scope",
    "This API key may not do that.",
    {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
)
QUOTA_EXCEEDED = Kind(403, "quota-exceeded", "Quota exceeded", "The account's storage is full.")
NOT_FOUND = Kind(404, "not-found", "Not found", "There is nothing at this address.")
IMAGE_NOT_FOUND = Kind(404, "image-not-found", "Image not found", "There is no such image.")
VARIANT_NOT_FOUND = Kind(
    404, "variant-not-found", "Variant not found", "The image has no variant of this name."
)
VARIANT_NOT_READY = Kind(
    404,
    "variant-not-ready",
    "Variant not ready",
    "The variant is still being made; try again in a moment.",
    {"Retry-After": "1"},
)
VARIANT_FAILED = Kind(
    404, "variant-failed", "Variant failed", "The variant could not be made from this picture."
)
PRESET_NOT_FOUND = Kind(
    404, "preset-not-found", "Preset not found", "The account has no preset of this name."
)
KEY_NOT_FOUND = Kind(
    404, "key-not-found", "Key not found", "The account has no API key of this id."
)
METHOD_NOT_ALLOWED = Kind(
    405, "method-not-allowed", "Method not allowed", "This address does not take this method."
)
REQUEST_TIMEOUT = Kind(
    408, "request-timeout", "Request timeout", "The request came too slowly; send it again."
)
USERNAME_TAKEN = Kind(409, "username-taken", "Username taken", "Choose another username.")
EMAIL_TAKEN = Kind(409, "email-taken", "E-mail taken", "There is an account with this e-mail.")
PRESET_IS_BUILT_IN = Kind(
    409,
    "preset-is-built-in",
    "Preset is built in",
    "Built-in presets can't be changed or deleted; choose another name.",
)
VARIANT_EXISTS = Kind(
    409,
    "variant-exists",
    "Variant exists",
    "The image has a variant of this name; delete it first, or choose another name.",
)
IDEMPOTENCY_KEY_IN_USE = Kind(
    409,
    "idempotency-key-in-use",
    "Idempotency key in use",
    "An upload with this key is under way; wait for its end.",
    {"Retry-After": "1"},
)
VERSION_MISMATCH = Kind(
    412,
    "version-mismatch",
    "Version mismatch",
    "The image has changed since it was read; read it again.",
)
BODY_TOO_LARGE = Kind(413, "body-too-large", "Body too large", "The body is too large.")
FILE_TOO_LARGE = Kind(413, "file-too-large", "File too large", "The file is too large.")
UNSUPPORTED_MEDIA_TYPE = Kind(
    415, "unsupported-media-type", "Unsupported media type", "The body has the wrong media type."
)
UNSUPPORTED_IMAGE = Kind(
    415,
    "unsupported-image",
    "Unsupported image",
    "The file is not a JPEG, PNG, WebP, GIF, AVIF (still) or TIFF picture; these are taken.",
)
RANGE_NOT_SATISFIABLE = Kind(
    416, "range-not-satisfiable", "Range not satisfiable", "The range lies outside the file."
)
VALIDATION_FAILED = Kind(
    422, "validation-failed", "Validation failed", "The request has values that are not allowed."
)
BAD_CURSOR = Kind(
    422, "bad-cursor", "Bad cursor", "Use next_cursor as it came, with the same parameters."
)
CORRUPT_IMAGE = Kind(422, "corrupt-image", "Corrupt image", "The picture can't be read.")
EMPTY_FILE = Kind(422, "empty-file", "Empty file", "The file has no bytes.")
IMAGE_TOO_LARGE = Kind(
    422, "image-too-large", "Image too large", "The picture has too many pixels."
)
IDEMPOTENCY_KEY_REUSED = Kind(
    422,
    "idempotency-key-reused",
    "Idempotency key reused",
    "Something else was uploaded with this key; choose another one.",
)
UNKNOWN_PRESET = Kind(422, "unknown-preset", "Unknown preset", "There is no preset of this name.")
TOO_MANY_REQUESTS = Kind(
    429,
    "too-many-requests",
    "Too many requests",
    "This is asked for more often than is allowed; wait as long as Retry-After says.",
)
HEADERS_TOO_LARGE = Kind(
    431,
    "headers-too-large",
    "Headers too large",
    "The address and the headers together are too large, or the headers too many.",
)
INTERNAL_ERROR = Kind(
    500,
    "internal-error",
    "Internal error",
    "Something went wrong here. It is in the log under this request id.",
)
QUEUE_FULL = Kind(
    503,
    "queue-full",
    "Queue full",
    "Too many pictures are waiting to be processed; try again soon.",
    _SOON,
)
SERVICE_UNAVAILABLE = Kind(
    503, "service-unavailable", "Service unavailable", "Try again in a moment.", _SOON
)
STORAGE_UNAVAILABLE = Kind(
    503, "storage-unavailable", "Storage unavailable", "Files can't be kept or read now.", _SOON
)
INSUFFICIENT_STORAGE = Kind(
    507, "insufficient-storage", "Insufficient storage", "There is no room for the file now."
)

KINDS: tuple[Kind, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Kind))
