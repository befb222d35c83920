"""Forms: small ones read whole, those with a file read as they stream, straight into the spool."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import Problem

_FIELD_BYTES = 4096
_MOST_FIELDS = 100


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a plain form; of one that repeats, the last.

    Raises:
        Problem: 400, it is no form.
    """
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=False, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Problem(400, "no_form", "the form cannot be read; reload the page and send it again") from error


def faults_of(error: ValidationError) -> dict[str, str]:
    """What is wrong with which field, in words for the person who filled it in."""
    found: dict[str, str] = {}
    for fault in error.errors():
        where = str(fault["loc"][0]) if fault["loc"] else ""
        text = str(fault["msg"]).removeprefix("Value error, ")
        found.setdefault(where, text[:1].upper() + text[1:])
    return found


@dataclass(slots=True)
class FileForm:
    """A form with fields and then one file, fed piece by piece.

    ``begin`` is called with the fields and the file's name before its first byte; what follows goes to ``pieces``,
    which whoever feeds takes away after each feed.
    """

    begin: Callable[[dict[str, str], str], None]
    fields: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    has_file: bool = False
    _parser: Any = None
    _headers: dict[str, bytes] = field(default_factory=dict)
    _header_name: bytes = b""
    _header_value: bytes = b""
    _name: str = ""
    _value: bytes = b""
    _in_file: bool = False

    def open(self, content_type: str) -> None:
        """Reads the boundary.

        Raises:
            Problem: 400, it is no such form.
        """
        kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _unreadable()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """Takes in what came.

        Raises:
            Problem: 400, it is no such form; or whatever ``begin`` raises.
        """
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _unreadable() from error

    def _on_part_begin(self) -> None:
        self._headers, self._value, self._in_file = {}, b"", False

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._name = options.get(b"name", b"").decode(errors="replace")
        if b"filename" in options:
            if self.has_file:
                raise _unreadable()
            self.has_file = self._in_file = True
            self.begin(self.fields, options[b"filename"].decode(errors="replace"))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.pieces.append(data[start:end])
        elif len(self._value) + end - start > _FIELD_BYTES:
            raise _unreadable()
        else:
            self._value += data[start:end]

    def _on_part_end(self) -> None:
        if not self._in_file and len(self.fields) < _MOST_FIELDS:
            self.fields[self._name] = self._value.decode(errors="replace")


def _unreadable() -> Problem:
    return Problem(400, "no_form", "the form cannot be read; reload the page and send it again")
