"""What OpenAPI says of the upload, which reads its form by itself."""

from typing import Any

from safelight.image_app import errors
from safelight.image_app.images.schemas import UploadFields
from safelight.image_app.schemas import json_schema

UPLOAD_FAILURES = (
    errors.MALFORMED_BODY,
    errors.QUOTA_EXCEEDED,
    errors.IDEMPOTENCY_KEY_IN_USE,
    errors.FILE_TOO_LARGE,
    errors.UNSUPPORTED_IMAGE,
    errors.UNSUPPORTED_MEDIA_TYPE,
    errors.CORRUPT_IMAGE,
    errors.EMPTY_FILE,
    errors.IMAGE_TOO_LARGE,
    errors.IDEMPOTENCY_KEY_REUSED,
    errors.UNKNOWN_PRESET,
    errors.TOO_MANY_REQUESTS,
    errors.QUEUE_FULL,
    errors.STORAGE_UNAVAILABLE,
    errors.INSUFFICIENT_STORAGE,
)


def _form() -> dict[str, Any]:
    schema = json_schema(UploadFields)
    file = {"type": "string", "format": "binary", "description": "The picture, one"}
    schema["title"] = "UploadForm"
    schema["description"] = "A picture, and what is said of it."
    schema["properties"] = {"file": file} | schema["properties"]
    schema["required"] = ["file"]
    return schema


TAKEN = "image/jpeg, image/png, image/webp, image/gif, image/avif, image/tiff"
UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _form(),
                "encoding": {"file": {"contentType": TAKEN}},
            }
        },
    }
}
