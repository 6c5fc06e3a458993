"""The upload form as a stream: fields are kept, the file passes through."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from safelight.image_app import errors
from safelight.image_app.errors import FieldError
from safelight.image_app.images.schemas import UploadFields

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_FIELDS = 100
MAX_FIELD_BYTES = 64 * 1024
MAX_DELIMITERS = MAX_FIELDS + 2
"""The parser is slow with what begins as one and goes on differently; no good form has more."""
SLOW = 20e-9
"""Seconds a byte, thirty times what it takes for a picture: only then they are counted."""
FILE = "file"


@dataclass
class _Part:
    """One part of the form, from its headers on."""

    name: str = ""
    value: bytearray = field(default_factory=bytearray)
    headers: dict[bytes, bytes] = field(default_factory=dict)


class UploadForm:
    """Feed it the body; it gives back the file's bytes and keeps everything else.

    Raises `malformed-body` for what is no form, `unsupported-media-type` for another media type
    and `validation-failed` for a second file or too many fields, as soon as it sees it.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            raise errors.UNSUPPORTED_MEDIA_TYPE("Send the file as multipart/form-data.")
        self.fields: list[tuple[str, str]] = []
        self.filename: str | None = None
        self.complete = False
        self._file: list[bytes] = []
        self._part = _Part()
        self._header = b""
        self._header_value = b""
        try:
            self._parser = MultipartParser(options.get(b"boundary", b""), self._callbacks())
        except FormParserError:
            raise errors.MALFORMED_BODY("The boundary of the form is not usable.") from None
        if not options.get(b"boundary"):
            raise errors.MALFORMED_BODY("The form has no boundary.")
        self._delimiter = b"\r\n--" + options[b"boundary"]
        self._delimiters = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes of the body; gives the file's bytes among them."""
        started = time.perf_counter()
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise errors.MALFORMED_BODY("The form is not valid multipart/form-data.") from None
        if time.perf_counter() - started > len(chunk) * SLOW:
            self._delimiters += chunk.count(self._delimiter)
            if self._delimiters > MAX_DELIMITERS:
                raise errors.MALFORMED_BODY("The boundary of the form is in the file.")
        found, self._file = self._file, []
        yield from found

    def finish(self) -> None:
        """The body has ended; raises unless the form was whole and had a file."""
        if not self.complete:
            raise errors.MALFORMED_BODY("The form ends too early.")
        if self.filename is None:
            raise errors.VALIDATION_FAILED(errors=[FieldError(FILE, "is missing")])

    def digest(self, file_sha256: str) -> str:
        """The same for all forms that say the same, whatever their boundary is."""
        said = [file_sha256, self.filename, self.fields]
        return sha256(json.dumps(said).encode()).hexdigest()

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add_header(data[start:end]),
            "on_header_value": lambda data, start, end: self._add_value(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._headers_finished,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._end,
            "on_end": lambda: setattr(self, "complete", True),
        }

    def _begin(self) -> None:
        self._part = _Part()

    def _add_header(self, data: bytes) -> None:
        self._header += data

    def _add_value(self, data: bytes) -> None:
        self._header_value += data

    def _end_header(self) -> None:
        name = self._header.lower()
        if name in self._part.headers:
            raise errors.MALFORMED_BODY("A part of the form has a header twice.")
        self._part.headers[name] = self._header_value
        self._header = self._header_value = b""

    def _headers_finished(self) -> None:
        disposition = self._part.headers.get(b"content-disposition")
        _, options = parse_options_header(disposition)
        self._part.name = options.get(b"name", b"").decode(errors="replace")
        if self._part.name != FILE:
            return
        if self.filename is not None:
            raise errors.VALIDATION_FAILED(errors=[FieldError(FILE, "is given more than once")])
        self.filename = options.get(b"filename", b"").decode(errors="replace")

    def _data(self, data: bytes) -> None:
        if self._part.name == FILE:
            self._file.append(data)
            return
        self._part.value += data
        if len(self._part.value) > MAX_FIELD_BYTES:
            is_known = self._part.name in UploadFields.model_fields
            wrong = "is too long" if is_known else "is not known here"
            raise errors.VALIDATION_FAILED(errors=[FieldError(self._part.name, wrong)])

    def _end(self) -> None:
        if self._part.name == FILE:
            return
        if len(self.fields) == MAX_FIELDS:
            raise errors.VALIDATION_FAILED(f"The form has more than {MAX_FIELDS} fields.")
        try:
            value = self._part.value.decode()
        except UnicodeDecodeError:
            found = [FieldError(self._part.name, "is not UTF-8")]
            raise errors.VALIDATION_FAILED(errors=found) from None
        self.fields.append((self._part.name, value))
