"""A request body as it comes in: kept on the disk, and each file in it beside it."""

import tempfile
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

#: Up to here a file waits in memory.
_SMALL = 256 * 1024
_MOST_FILES = 100


class MalformedBody(Exception):
    """The body is not what its type says, or holds too many files."""


class Received:
    """*body* is all of it; *files* are those in it, by form field.

    A body that is no form is one file, whatever it says of its type: so nothing passes by
    saying that it is something else.
    """

    def __init__(self) -> None:
        self.body = _new_file()
        self.files: list[tuple[str, BinaryIO]] = []
        self._parser: MultipartParser | None = None
        self._header: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._file: BinaryIO | None = None
        self._is_whole = False

    def expect(self, content_type: str) -> None:
        """What is coming: call it before the first piece. Raises `MalformedBody`."""
        kind, options = parse_options_header(content_type)
        if kind == b"multipart/form-data":
            self._parser = self._new_parser(options.get(b"boundary", b""))

    def take(self, piece: bytes) -> None:
        self.body.write(piece)
        if self._parser is not None:
            try:
                self._parser.write(piece)
            except FormParserError:
                raise MalformedBody("The multipart body is not well-formed.") from None

    def end(self) -> None:
        """All has come. A field for a file in which nobody chose one is no file."""
        if self._parser is not None:
            try:
                self._parser.finalize()
            except FormParserError:
                raise MalformedBody("The multipart body is not well-formed.") from None
            if not self._is_whole:
                raise MalformedBody("The multipart body has no end.")
        elif self.body.tell():
            self.files.append(("", self.body))
        sent, self.files = self.files, []
        for name, file in sent:
            if file.tell():
                file.seek(0)
                self.files.append((name, file))
            else:
                file.close()

    def close(self) -> None:
        self.body.close()
        for _, file in self.files:
            file.close()

    def _new_parser(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise MalformedBody("The multipart body has no boundary.") from None

    def _begin_part(self) -> None:
        self._header, self._file = {}, None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._header[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _end_headers(self) -> None:
        disposition = self._header.get(b"content-disposition", b"")
        # In whatever form: applications differ in which of them they read.
        if b"filename" not in disposition.lower():
            return
        if len(self.files) >= _MOST_FILES:
            raise MalformedBody(f"At most {_MOST_FILES} files can be sent at once.")
        _, options = parse_options_header(disposition)
        self._file = _new_file()
        self.files.append((options.get(b"name", b"").decode(errors="replace"), self._file))

    def _end(self) -> None:
        self._is_whole = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])


def _new_file() -> BinaryIO:
    file: BinaryIO = tempfile.SpooledTemporaryFile(_SMALL)  # type: ignore[assignment]  # noqa: SIM115
    return file
