"""An upload, wherever it is, as a file that can be sent from its beginning, twice if need be."""

import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

#: A path, an open file in binary mode, or the bytes themselves.
File = str | os.PathLike[str] | bytes | BinaryIO


class Upload:
    """*stream* is sent; *source* is what the spool keeps. Nothing is read whole into memory."""

    def __init__(self, file: File) -> None:
        """Open *file*. One that cannot be rewound is copied to the disk first: Staydown wants
        to know its length, and a second try its beginning."""
        self._is_ours = True
        self.source: Path | BinaryIO
        self.stream: BinaryIO
        if isinstance(file, bytes):
            self.source = self.stream = io.BytesIO(file)
        elif isinstance(file, str | os.PathLike):
            self.source = Path(file)
            self.stream = self.source.open("rb")
        elif file.seekable():
            self._is_ours = False
            self.source = self.stream = file
        else:
            self.source = self.stream = _copied(file)

    def close(self) -> None:
        if self._is_ours:
            self.stream.close()
        else:
            self.stream.seek(0)


def _copied(file: BinaryIO) -> BinaryIO:
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  closed with the upload
    shutil.copyfileobj(file, copy, 1 << 20)
    return copy
