"""What Plaza holds: rows in SQLite, files in two folders, and the errands still to run.

Only a picture whose state is ``public`` is ever served, and only ``pictures/`` is served
from. Hiding writes the row first and moves the file after; showing moves the file first.
Whatever moment the power fails, what should be hidden is hidden, and `settle` tidies up.
"""

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists picture (
    id text primary key,
    title text not null,
    uploader text not null,
    extension text not null,
    posted_at text not null,
    state text not null check (
        state in ('held', 'public', 'removed', 'declined', 'refused', 'deleted')
    ),
    -- Whether Staydown knows it.
    registered integer not null default 0 check (registered in (0, 1)),
    -- Staydown's statement of reasons for the last removal or refusal, as it came.
    reasons text not null default '{}',
    -- When Staydown wrote the last order that we obeyed.
    ordered_at text not null default ''
) strict;
create index if not exists picture_shown on picture (state, posted_at desc);

-- What Staydown must still be asked or told. A picture has at most one errand.
create table if not exists errand (
    picture_id text primary key references picture (id),
    kind text not null check (kind in ('check', 'register', 'forget')),
    tries integer not null default 0,
    due_at real not null
) strict;

-- An event is obeyed at most once, however often it is delivered.
create table if not exists event (id text primary key, received_at text not null) strict;

create table if not exists setting (name text primary key, value text not null) strict;
"""

#: The ids that Plaza gives out; nothing else ever becomes part of a path.
PICTURE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")


class State(StrEnum):
    HELD = "held"  # waiting for the gate or a person; never shown so far
    PUBLIC = "public"
    REMOVED = "removed"  # in quarantine, by order of Staydown or by its gate
    DECLINED = "declined"  # a person refused it; in quarantine, for an appeal may let it through
    REFUSED = "refused"  # the gate refused it after a wait; the file is gone
    DELETED = "deleted"  # by its uploader; the file is gone


class Errand(StrEnum):
    CHECK = "check"
    REGISTER = "register"
    FORGET = "forget"


class UnknownItemError(Exception):
    """Plaza never had this item."""


class StaleOrderError(Exception):
    """An order that a newer one, or the uploader's own deletion, has overtaken."""


@dataclass(frozen=True)
class Picture:
    id: str
    title: str
    uploader: str
    extension: str
    state: State = State.HELD
    posted_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    registered: bool = False
    reasons: dict[str, Any] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.id}.{self.extension}"


class Board:
    def __init__(self, folder: Path) -> None:
        """Open the board in *folder*, or begin one there."""
        self._shown, self._hidden = folder / "pictures", folder / "quarantine"
        for place in (self._shown, self._hidden):
            place.mkdir(parents=True, exist_ok=True)
        self._file = folder / "plaza.sqlite3"
        with self._open() as db:
            db.execute("pragma journal_mode = wal")
            db.executescript(SCHEMA)

    # Looking

    def picture(self, picture_id: str) -> Picture | None:
        if not PICTURE_ID.match(picture_id):
            return None
        return next(iter(self._pictures("id = ?", picture_id)), None)

    def public(self, *, limit: int, skip: int = 0) -> list[Picture]:
        """The newest public pictures."""
        return self._pictures("state = 'public'", limit=limit, skip=skip)

    def of(self, uploader: str) -> list[Picture]:
        return self._pictures("uploader = ?", uploader)

    def bytes_of(self, picture: Picture) -> bytes | None:
        """The file of a picture, be it shown or hidden; None once it has gone."""
        place = self._shown if picture.state == State.PUBLIC else self._hidden
        try:
            return (place / picture.file_name).read_bytes()
        except FileNotFoundError:
            return None  # deleted, or moved since *picture* was read

    # Posting

    def add(self, picture: Picture, file: bytes, errand: Errand, *, due_in: float = 0) -> None:
        """Store an upload with what Staydown must hear about it, or nothing at all."""
        place = self._shown if picture.state == State.PUBLIC else self._hidden
        _write(place / picture.file_name, file)
        with self._change() as db:
            db.execute(
                "insert into picture (id, title, uploader, extension, posted_at, state)"
                " values (?, ?, ?, ?, ?, ?)",
                (
                    picture.id,
                    picture.title,
                    picture.uploader,
                    picture.extension,
                    picture.posted_at.isoformat(),
                    picture.state,
                ),
            )
            _send_on(db, picture.id, errand, due_in=due_in)

    def release(self, picture: Picture) -> None:
        """Show a held picture, and have it registered."""
        with self._change() as db:
            if _set_state(db, picture.id, State.PUBLIC, only_from=State.HELD):
                # Move before showing, so that the page never lacks its file.
                self._move(picture.file_name, self._hidden, self._shown)
                _send_on(db, picture.id, Errand.REGISTER)

    def refuse(self, picture: Picture) -> None:
        """Drop a held upload that the gate has refused: it was never shown."""
        self._drop(picture, State.REFUSED, only_from=State.HELD)

    def withdraw(self, picture: Picture) -> None:
        """Hold a public picture again: the gate must be asked once more."""
        with self._change() as db:
            if _set_state(db, picture.id, State.HELD, only_from=State.PUBLIC):
                db.execute("update picture set registered = 1 where id = ?", (picture.id,))
                _send_on(db, picture.id, Errand.CHECK)
        self._place(picture.id)

    def registered(self, picture: Picture) -> None:
        """Staydown knows this picture now."""
        with self._change() as db:
            db.execute("update picture set registered = 1 where id = ?", (picture.id,))

    def delete(self, picture: Picture) -> None:
        """Delete a public picture, as its uploader wishes."""
        self._drop(picture, State.DELETED, only_from=State.PUBLIC)

    # Obeying Staydown

    def remove(
        self, picture_id: str, *, event_id: str, ordered_at: datetime, reasons: dict[str, Any]
    ) -> None:
        """Move a picture into quarantine, once per event. Raise UnknownItemError."""
        with self._change() as db:
            if _is_new(db, event_id):
                state, _ = _standing(db, picture_id)
                if state not in (State.DELETED, State.REFUSED):
                    _set_state(db, picture_id, State.REMOVED)
                    _done(db, picture_id)
                _obeyed(db, picture_id, ordered_at, reasons)
        self._place(picture_id)

    def restore(self, picture_id: str, *, event_id: str, ordered_at: datetime) -> None:
        """Show a removed or held picture again, once per event.

        Raise UnknownItemError or, since a late order must not undo a newer
        removal, StaleOrderError.
        """
        with self._change() as db:
            if not _is_new(db, event_id):
                return
            state, last = _standing(db, picture_id)
            if state in (State.DELETED, State.REFUSED) or ordered_at < last:
                raise StaleOrderError("This order has been overtaken.")
            self._move(_read(db, "id = ?", picture_id)[0].file_name, self._hidden, self._shown)
            _set_state(db, picture_id, State.PUBLIC)
            _done(db, picture_id)
            _obeyed(db, picture_id, ordered_at, {})

    def allow(self, picture_id: str, *, event_id: str, ordered_at: datetime) -> None:
        """Show an upload that a person let through, once per event, and have it registered.

        Raise UnknownItemError or StaleOrderError, as `restore` does.
        """
        with self._change() as db:
            if not _is_new(db, event_id):
                return
            state, last = _standing(db, picture_id)
            if state in (State.DELETED, State.REFUSED, State.REMOVED) or ordered_at < last:
                raise StaleOrderError("This order has been overtaken.")
            if state != State.PUBLIC:
                name = _read(db, "id = ?", picture_id)[0].file_name
                self._move(name, self._hidden, self._shown)
                _set_state(db, picture_id, State.PUBLIC)
                _send_on(db, picture_id, Errand.REGISTER)
            _noted(db, picture_id, ordered_at, {})

    def decline(
        self, picture_id: str, *, event_id: str, ordered_at: datetime, reasons: dict[str, Any]
    ) -> None:
        """Put an upload that a person refused aside, once per event. Raise UnknownItemError."""
        with self._change() as db:
            if _is_new(db, event_id):
                state, last = _standing(db, picture_id)
                if ordered_at < last:
                    raise StaleOrderError("This order has been overtaken.")
                if state not in (State.DELETED, State.REFUSED):
                    _set_state(db, picture_id, State.DECLINED)
                    _done(db, picture_id)
                _noted(db, picture_id, ordered_at, reasons)
        self._place(picture_id)

    # Errands

    def errands_due(self) -> list[tuple[Picture, Errand]]:
        with self._open() as db:
            rows = db.execute(
                "select picture_id, kind from errand where due_at <= ? order by due_at limit 100",
                (time.time(),),
            ).fetchall()
            return [
                (_read(db, "id = ?", row["picture_id"])[0], Errand(row["kind"])) for row in rows
            ]

    def unregistered(self) -> int:
        """How many pictures Staydown must still hear about."""
        with self._open() as db:
            found = db.execute("select count(*) from errand where kind = ?", (Errand.REGISTER,))
            return int(found.fetchone()[0])

    def errand_done(self, picture: Picture, errand: Errand) -> None:
        with self._change() as db:
            _done(db, picture.id, errand)

    def errand_later(self, picture: Picture, errand: Errand) -> None:
        """Run the errand again, after 1, 2, 4 ... up to 60 seconds."""
        with self._change() as db:
            db.execute(
                "update errand set tries = tries + 1,"
                " due_at = ? + min(60, 1 << min(tries, 6)) where picture_id = ? and kind = ?",
                (time.time(), picture.id, errand),
            )

    # Keeping house

    def setting(self, name: str) -> str | None:
        with self._open() as db:
            row = db.execute("select value from setting where name = ?", (name,)).fetchone()
            return row["value"] if row else None

    def set(self, name: str, value: str) -> None:
        with self._change() as db:
            db.execute("insert or replace into setting values (?, ?)", (name, value))

    def register_everything(self) -> None:
        """Tell Staydown about every public picture again: it, or our address, is new."""
        with self._change() as db:
            for picture in _read(db, "state = 'public'"):
                _send_on(db, picture.id, Errand.REGISTER)

    def settle(self) -> None:
        """Put each file where its row says; delete what an interrupted upload left."""
        with self._change() as db:
            pictures = {picture.file_name: picture for picture in _read(db, "true")}
        for path in [*self._shown.iterdir(), *self._hidden.iterdir()]:
            if path.name in pictures:
                self._place(pictures[path.name].id)
            else:
                path.unlink()

    def _place(self, picture_id: str) -> None:
        with self._change() as db:
            picture = _read(db, "id = ?", picture_id)[0]
            if picture.state in (State.REFUSED, State.DELETED):
                for place in (self._shown, self._hidden):
                    (place / picture.file_name).unlink(missing_ok=True)
            elif picture.state == State.PUBLIC:
                self._move(picture.file_name, self._hidden, self._shown)
            else:
                self._move(picture.file_name, self._shown, self._hidden)

    def _drop(self, picture: Picture, state: State, *, only_from: State) -> None:
        with self._change() as db:
            if _set_state(db, picture.id, state, only_from=only_from):
                _done(db, picture.id)
                if state == State.DELETED:
                    _send_on(db, picture.id, Errand.FORGET)
        self._place(picture.id)

    @staticmethod
    def _move(name: str, source: Path, target: Path) -> None:
        try:
            (source / name).replace(target / name)
        except FileNotFoundError:
            return  # already there
        _sync(source)
        _sync(target)

    def _pictures(self, where: str, *values: str, limit: int = -1, skip: int = 0) -> list[Picture]:
        with self._open() as db:
            return _read(db, where, *values, limit=limit, skip=skip)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own: threads share nothing."""
        db = sqlite3.connect(self._file, timeout=20, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("pragma foreign_keys = on")
            yield db
        finally:
            db.close()  # rolls back what was not committed

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction. It also keeps others from moving files meanwhile."""
        with self._open() as db:
            db.execute("begin immediate")
            yield db
            db.execute("commit")


def _read(
    db: sqlite3.Connection, where: str, *values: str, limit: int = -1, skip: int = 0
) -> list[Picture]:
    rows = db.execute(
        f"select * from picture where {where} order by posted_at desc, rowid desc limit ? offset ?",  # noqa: S608  # `where` is ours
        (*values, limit, skip),
    )
    return [
        Picture(
            row["id"],
            row["title"],
            row["uploader"],
            row["extension"],
            State(row["state"]),
            datetime.fromisoformat(row["posted_at"]),
            bool(row["registered"]),
            json.loads(row["reasons"]),
        )
        for row in rows
    ]


def _set_state(
    db: sqlite3.Connection, picture_id: str, state: State, *, only_from: State | None = None
) -> bool:
    changed = db.execute(
        "update picture set state = ? where id = ? and state = coalesce(?, state)",
        (state, picture_id, only_from),
    )
    return changed.rowcount == 1


def _standing(db: sqlite3.Connection, picture_id: str) -> tuple[State, datetime]:
    row = db.execute("select state, ordered_at from picture where id = ?", (picture_id,)).fetchone()
    if row is None:
        raise UnknownItemError
    never = datetime.min.replace(tzinfo=UTC)
    last = datetime.fromisoformat(row["ordered_at"]) if row["ordered_at"] else never
    return State(row["state"]), last


def _obeyed(
    db: sqlite3.Connection, picture_id: str, ordered_at: datetime, reasons: dict[str, Any]
) -> None:
    db.execute("update picture set registered = 1 where id = ?", (picture_id,))
    _noted(db, picture_id, ordered_at, reasons)


def _noted(
    db: sqlite3.Connection, picture_id: str, ordered_at: datetime, reasons: dict[str, Any]
) -> None:
    db.execute(
        "update picture set reasons = ?, ordered_at = max(ordered_at, ?) where id = ?",
        (json.dumps(reasons), ordered_at.astimezone(UTC).isoformat(), picture_id),
    )


def _is_new(db: sqlite3.Connection, event_id: str) -> bool:
    added = db.execute(
        "insert or ignore into event values (?, ?)", (event_id, datetime.now(UTC).isoformat())
    )
    return added.rowcount == 1


def _send_on(db: sqlite3.Connection, picture_id: str, errand: Errand, *, due_in: float = 0) -> None:
    db.execute(
        "insert or replace into errand values (?, ?, 0, ?)",
        (picture_id, errand, time.time() + due_in),
    )


def _done(db: sqlite3.Connection, picture_id: str, errand: Errand | None = None) -> None:
    db.execute(
        "delete from errand where picture_id = ? and kind = coalesce(?, kind)",
        (picture_id, errand),
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
