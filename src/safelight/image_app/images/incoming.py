"""The body of an upload: form data of a size that is taken, and no more of it than that."""

from collections.abc import AsyncIterator

from fastapi import Request

from safelight.image_app import errors
from safelight.image_app.bodies import require_no_encoding
from safelight.image_app.images.multipart import UploadForm
from safelight.image_app.resources import Rules

BESIDE = 64 * 1024
"""Bytes of a form beside its file."""


class Incoming:
    """Refuses, before anything is read, what says of itself that it can't be taken.

    Raises `unsupported-media-type`, `malformed-body`, `file-too-large`.
    """

    def __init__(self, request: Request, rules: Rules) -> None:
        require_no_encoding(request)
        self.form = UploadForm(request.headers.get("content-type", ""))
        self._request = request
        self._most = rules.file_bytes
        if int(request.headers.get("content-length", "0")) > self._most + BESIDE:
            raise self._too_large()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes; the form is complete when they end.

        Raises what the form raises, and `file-too-large` as soon as it is.
        """
        body_size = file_size = 0
        async for body in self._request.stream():
            body_size += len(body)
            for chunk in self.form.feed(body):
                file_size += len(chunk)
                if file_size > self._most:
                    raise self._too_large()
                yield chunk
            if body_size > self._most + BESIDE:
                raise self._too_large()
        self.form.finish()

    def _too_large(self) -> errors.Problem:
        return errors.FILE_TOO_LARGE(f"The file is larger than {self._most} bytes.")
