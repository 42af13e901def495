"""The pictures that hang on a new board: drawn here, with copies that other people posted."""

import io
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from PIL import Image, ImageOps

from .board import Board, Errand, Picture, State
from .scenes import animals, faces, landscapes, patterns, still_life, town

log = logging.getLogger("plaza")

#: Title, who posted it, and the function that draws it; the newest first.
SAMPLES: tuple[tuple[str, str, Callable[[], Image.Image]], ...] = (
    ("Lake at noon", "ada", landscapes.mountain_lake),
    ("Whale", "badr", animals.whale),
    ("Quilt of stars", "hana", patterns.quilt_of_stars),
    ("The market on Saturday", "chloe", town.market),
    ("Dunes", "badr", landscapes.dunes),
    ("Three lemons", "fatou", still_life.lemons),
    ("Grandmother", "emil", faces.grandmother),
    ("Northern lights", "emil", landscapes.northern_lights),
    ("Koi", "hana", animals.koi),
    ("New basket", "goran", still_life.bicycle),
    ("Lavender", "chloe", landscapes.lavender_rows),
    ("The lighthouse", "chloe", landscapes.lighthouse),
    ("City by night", "fatou", town.city_by_night),
    ("Log cabin quilt", "ada", patterns.log_cabin),
    ("Owl", "hana", animals.owl),
    ("Birches in October", "ada", landscapes.birch_wood),
    ("Too many books", "hana", still_life.bookshelf),
    ("Fox in the snow", "goran", animals.fox_in_snow),
    ("Rough sea", "badr", landscapes.stormy_sea),
    ("The sailor", "fatou", faces.sailor),
    ("On the window sill", "goran", still_life.cactus_window),
    ("Houses on the canal", "emil", town.canal),
    ("Balloons", "fatou", landscapes.balloons),
    ("Penguins", "badr", animals.penguins),
    ("Evening train", "emil", town.night_train),
    ("Quilt of waves", "badr", patterns.quilt_of_waves),
    ("Guitar", "ada", still_life.guitar),
    ("Hummingbird", "chloe", animals.hummingbird),
)
#: What others made of some of them, later: a smaller copy, a mirror image.
COPIED = ("The lighthouse", "Fox in the snow", "Houses on the canal")


class Sample(NamedTuple):
    id: str
    title: str
    uploader: str
    file: bytes


def hang_samples(board: Board) -> None:
    """Draw the samples onto a board that never had any; finish what was interrupted."""
    if board.setting("samples_hung"):
        return
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    originals = copies = 0
    for sample in samples():
        if sample.id.endswith(("-small", "-mirrored")):
            copies += 1
            age = timedelta(hours=12 * copies + 3)  # here and there between the originals
        else:
            originals += 1
            age = timedelta(hours=7 * originals)
        if board.picture(sample.id) is None:
            picture = Picture(
                id=sample.id,
                title=sample.title,
                uploader=sample.uploader,
                extension="jpg",
                state=State.PUBLIC,
                posted_at=hour - age,
            )
            board.add(picture, sample.file, Errand.REGISTER)
    board.set("samples_hung", "yes")
    log.info("The sample pictures are up.")


def samples() -> Iterator[Sample]:
    """Every sample, originals and copies, as JPEG files."""
    for title, uploader, scene in SAMPLES:
        image = scene()
        name = title.lower().replace(" ", "-")
        yield Sample(name, title, uploader, _jpeg(image, quality=90))
        if title in COPIED:
            small = image.resize((image.width * 5 // 8, image.height * 5 // 8))
            yield Sample(f"{name}-small", f"{title}, again", "mallory", _jpeg(small, quality=45))
            mirrored = _jpeg(ImageOps.mirror(image), quality=75)
            yield Sample(f"{name}-mirrored", "Found this", "trudy", mirrored)


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
