"""The pictures that hang on a new board: drawn here, with copies that other people posted."""

import io
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from PIL import Image, ImageOps

from .board import Board, Errand, Picture, State
from .scenes import everyday, landscapes

log = logging.getLogger("plaza")

Scene = Callable[[], Image.Image]

#: Title, who posted it, and the function that draws it.
SAMPLES: tuple[tuple[str, str, Scene], ...] = (
    ("Lake at noon", "ada", landscapes.mountain_lake),
    ("Dunes", "badr", landscapes.dunes),
    ("The lighthouse", "chloe", landscapes.lighthouse),
    ("Birches in October", "ada", landscapes.birch_wood),
    ("Northern lights", "emil", landscapes.northern_lights),
    ("Lavender", "chloe", landscapes.lavender_rows),
    ("Rough sea", "badr", landscapes.stormy_sea),
    ("Balloons", "fatou", landscapes.balloons),
    ("Rice terraces", "goran", landscapes.terraces),
    ("Our street", "emil", everyday.street),
    ("Still life with fruit", "fatou", everyday.fruit_bowl),
    ("Biscuit on the sofa", "goran", everyday.cat),
    ("The aquarium", "ada", everyday.aquarium),
    ("Too many books", "hana", everyday.bookshelf),
    ("Portrait with hat", "hana", everyday.face_with_hat),
    ("Portrait with glasses", "badr", everyday.face_with_glasses),
    ("Saturday market", "chloe", everyday.market),
    ("Evening train", "emil", everyday.train),
    ("City by night", "fatou", everyday.skyline),
    ("New basket", "goran", everyday.bicycle),
    ("Visitor", "hana", everyday.owl),
    ("Quilt of stars", "ada", everyday.quilt_of_stars),
    ("Quilt of waves", "badr", everyday.quilt_of_waves),
    ("Tea in the garden", "chloe", everyday.tea_table),
)
#: What others made of some of them: smaller and recompressed, or a mirror image.
COPIED = ("The lighthouse", "Portrait with hat", "Biscuit on the sofa")


def hang_samples(board: Board) -> None:
    """Draw the samples onto a board that never had any; finish what was interrupted."""
    if board.setting("samples_hung"):
        return
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number, (picture_id, title, uploader, file) in enumerate(samples()):
        if board.picture(picture_id) is None:
            picture = Picture(
                id=picture_id,
                title=title,
                uploader=uploader,
                extension="jpg",
                state=State.PUBLIC,
                posted_at=hour - timedelta(hours=number),
            )
            board.add(picture, file, Errand.REGISTER)
    board.set("samples_hung", "yes")
    log.info("The sample pictures are up.")


def samples() -> Iterator[tuple[str, str, str, bytes]]:
    """Id, title, uploader and JPEG file of each sample, originals and copies."""
    for title, uploader, scene in SAMPLES:
        image = scene()
        name = title.lower().replace(" ", "-")
        yield name, title, uploader, _jpeg(image, quality=90)
        if title in COPIED:
            small = image.resize((image.width * 5 // 8, image.height * 5 // 8))
            yield f"{name}-small", f"{title}, again", "mallory", _jpeg(small, quality=45)
            mirrored = ImageOps.mirror(image)
            yield f"{name}-mirrored", "Found this", "trudy", _jpeg(mirrored, quality=75)


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
