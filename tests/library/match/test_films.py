"""Copies of films, cuts of them, films within films, and pictures of either."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

import staydown
from library.films import FPS, HEIGHT, WIDTH, clip, filmed, frames_of, scene
from library.pictures import Pixels, encoded
from staydown import Bank, DecoderPool, Fingerprint, Match

SEEDS = (21, 22, 23, 24)


@pytest.fixture(scope="module")
def reported(pool: DecoderPool) -> Fingerprint:
    """Eight seconds, looked at closely."""
    return staydown.fingerprint_bytes(filmed(scene(21, 8.0)), pool=pool, look="reported")


@pytest.fixture
def look(pool: DecoderPool) -> Callable[..., Fingerprint]:
    def fingerprint(frames: list[Pixels], **options: object) -> Fingerprint:
        return staydown.fingerprint_bytes(filmed(frames, **options), pool=pool)  # type: ignore[arg-type]

    return fingerprint


Look = Callable[..., Fingerprint]


def found(match: Match | None) -> Match:
    assert match is not None
    return match


def test_a_recompressed_film_is_the_same(reported: Fingerprint, look: Look) -> None:
    small = [each[::2, ::2] for each in scene(21, 8.0)]

    match = found(staydown.compare(reported, look(small, crf="32")))

    assert match.kind == "same"
    assert match.spans[0].reported == pytest.approx((0, 8), abs=0.2)
    assert match.spans[0].speed == pytest.approx(1, abs=0.01)


def test_a_mirrored_film_is_found(reported: Fingerprint, look: Look) -> None:
    match = found(staydown.compare(reported, look([each[:, ::-1] for each in scene(21, 8.0)])))

    assert (match.kind, match.orientation) == ("same", "mirrored")


def test_a_film_turned_on_its_side_is_found(reported: Fingerprint, look: Look) -> None:
    """By hashes that are guessed: only what holds over many frames carries it."""
    turned = [np.rot90(each) for each in scene(21, 8.0)]

    assert found(staydown.compare(reported, look(turned))).orientation == "rotated-90"


@pytest.mark.parametrize("start", [0.4, 2.15, 4.3])
def test_a_cut_is_found_with_its_times(reported: Fingerprint, look: Look, start: float) -> None:
    """Its key frames lie elsewhere than the original's, and its frames do not."""
    first = round(start * FPS)

    match = found(staydown.compare(reported, look(scene(21, 8.0)[first : first + 3 * FPS])))

    assert match.kind == "part"
    assert match.spans[0].reported == pytest.approx((start, start + 3), abs=0.3)
    assert match.spans[0].suspect == pytest.approx((0, 3), abs=0.3)


@pytest.mark.parametrize("speed", [0.9, 1.1, 1.5])
def test_another_speed_is_found_and_named(reported: Fingerprint, look: Look, speed: float) -> None:
    frames = scene(21, 8.0)
    played = [frames[min(int(at * speed), len(frames) - 1)] for at in range(int(160 / speed))]

    match = found(staydown.compare(reported, look(played)))

    assert match.spans[0].speed == pytest.approx(speed, abs=0.03)
    assert match.spans[0].reported == pytest.approx((0, 8), abs=0.5)


def test_an_excerpt_in_a_compilation_is_found_with_its_times(
    reported: Fingerprint, look: Look
) -> None:
    """After an intro, a black second and other scenes; in its middle frames were dropped."""
    excerpt = scene(21, 8.0)[40:140]
    del excerpt[50:60:2]
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * FPS
    compilation = scene(22, 5.0) + black + scene(23, 4.0) + excerpt + scene(24, 5.0)

    match = found(staydown.compare(reported, look(compilation)))

    assert match.kind == "part"
    assert match.spans[0].suspect == pytest.approx((10, 14.75), abs=0.4)
    assert match.spans[0].reported == pytest.approx((2, 7), abs=0.4)


def test_two_excerpts_are_two_spans(reported: Fingerprint, look: Look) -> None:
    """The later one first: a remix need not keep the order."""
    frames = scene(21, 8.0)

    match = found(staydown.compare(reported, look(frames[90:150] + scene(22, 2.0) + frames[:60])))

    spans = sorted((span.suspect, span.reported) for span in match.spans)
    assert len(spans) == 2
    assert spans[0][1] == pytest.approx((4.5, 7.5), abs=0.4)
    assert spans[1][1] == pytest.approx((0, 3), abs=0.4)


def test_one_shared_moment_is_not_taken_for_the_rest(reported: Fingerprint, look: Look) -> None:
    """What was not seen to agree, for a black picture hides it, is guessed at no further."""
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)]

    match = found(staydown.compare(reported, look(scene(21, 8.0)[:3] + black * 150)))

    assert match.kind == "part"
    assert match.spans[0].suspect[1] < 1.5


def test_other_films_do_not_match(reported: Fingerprint, look: Look) -> None:
    for seed in SEEDS[1:]:
        assert staydown.compare(reported, look(scene(seed))) is None


def test_black_and_still_films_match_nothing(reported: Fingerprint, look: Look) -> None:
    black = look([np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 40)

    assert staydown.compare(reported, black) is None
    assert staydown.compare(black, black) is not None  # the same file
    assert staydown.compare(look([np.full((200, 300, 3), 9, np.uint8)] * 30), black) is None


def cropped(frames: list[Pixels]) -> list[Pixels]:
    return [each[20:210, 10:270] for each in frames]


def framed(frames: list[Pixels]) -> list[Pixels]:
    """As an inset of half the side on another film."""
    ground = scene(24, len(frames) / FPS)
    out = []
    for each, under in zip(frames, ground, strict=True):
        page = np.kron(under, np.ones((2, 2, 1), np.uint8))
        page[40 : 40 + HEIGHT, 280 : 280 + WIDTH] = each
        out.append(page)
    return out


def barred(frames: list[Pixels]) -> list[Pixels]:
    return [np.pad(each, ((70, 70), (0, 0), (0, 0))) for each in frames]


@pytest.mark.parametrize("change", [cropped, framed, barred])
def test_a_film_in_another_frame_is_found_by_its_local_layer(
    reported: Fingerprint, look: Look, change: Callable[[list[Pixels]], list[Pixels]]
) -> None:
    frames = change(scene(21, 8.0)[30:130])

    match = found(staydown.compare(reported, look(frames)))

    assert match.kind == "part"
    assert match.region is not None
    start, end = match.spans[0].reported
    assert 1.0 <= start < end <= 7.0
    assert end - start >= 2


@pytest.mark.parametrize(("form", "options"), [("GIF", {}), ("WEBP", {"quality": 90})])
def test_an_animated_picture_of_a_film_is_found_with_its_times(
    reported: Fingerprint, form: str, options: dict[str, int], pool: DecoderPool
) -> None:
    """Ten frames a second of it; and with a caption above, by its local layer."""
    frames = scene(21, 8.0)[40:100:2]
    captioned = [np.pad(each, ((60, 0), (0, 0), (0, 0)), constant_values=255) for each in frames]
    for shown, closely in ((frames, 0.3), (captioned, 1.5)):
        first, *others = [Image.fromarray(each) for each in shown]
        moving = {"save_all": True, "append_images": others, "duration": 100, **options}
        suspect = staydown.fingerprint_bytes(encoded(first, form, **moving), pool=pool)

        match = found(staydown.compare(reported, suspect))

        assert match.kind == "part"
        assert match.spans[0].suspect == pytest.approx((0, 3), abs=closely)
        assert match.spans[0].reported == pytest.approx((2, 5), abs=closely)


def test_a_screenshot_of_a_film_is_found(reported: Fingerprint, pool: DecoderPool) -> None:
    """A frame posted as a photo, whole or as a part of a page."""
    frame = scene(21, 8.0)[95]
    page = np.full((600, 400, 3), 255, np.uint8)
    page[120:360, 40:360] = frame
    for picture in (frame, page):
        shown = staydown.fingerprint_bytes(encoded(picture, "JPEG"), pool=pool)

        match = found(staydown.compare(reported, shown))

        assert match.kind == "part"
        start, end = match.spans[0].reported
        assert start - 0.15 <= 4.75 <= end + 0.15


def test_a_film_of_a_reported_picture_is_found(look: Look, pool: DecoderPool) -> None:
    """Somewhere in it, and laid on its side."""
    frame = scene(21, 8.0)[95]
    picture = staydown.fingerprint_bytes(encoded(np.rot90(frame), "PNG"), pool=pool)

    match = found(staydown.compare(picture, look(scene(22, 3.0) + scene(21, 8.0)[80:110])))

    assert match.kind == "part"
    assert match.orientation == "rotated-270"
    start, end = match.spans[0].suspect
    assert start - 0.1 <= 3.75 <= end + 0.1


def test_a_film_of_a_page_with_a_reported_picture_is_found(look: Look, pool: DecoderPool) -> None:
    picture = scene(21)[10]
    kept = staydown.fingerprint_bytes(encoded(picture, "PNG"), pool=pool)

    match = found(staydown.compare(kept, look(barred([picture] * 30))))

    assert match.kind == "part"
    assert match.region is not None


def test_a_bank_finds_films_and_pictures_in_each_other(
    reported: Fingerprint, look: Look, pool: DecoderPool, tmp_path: object
) -> None:
    """Also after it was saved and read again, and no more after a removal."""
    bank = Bank()
    bank.add("film", reported)
    bank.add("other", look(scene(22, 4.0)))
    bank.add("photo", staydown.fingerprint_bytes(encoded(scene(23)[7], "PNG"), pool=pool))
    path = f"{tmp_path}/bank"
    bank.save(path)
    cut = look(scene(21, 8.0)[60:120])
    crop = look(cropped(scene(21, 8.0)[60:120]))
    for each in (bank, Bank.load(path)):
        assert [match.id for match in each.search(cut)] == ["film"]
        assert [match.id for match in each.search(crop)] == ["film"]
        assert [match.id for match in each.search(look(scene(23, 1.0)))] == ["photo"]
    frame = staydown.fingerprint_bytes(encoded(scene(21, 8.0)[50], "JPEG"), pool=pool)
    assert [match.id for match in bank.search(frame)] == ["film"]
    bank.remove("film")
    assert bank.search(cut) == bank.search(crop) == bank.search(frame) == []


def test_what_many_films_share_carries_no_match(look: Look) -> None:
    """A channel's logo: so long as two films show it, it may mean something."""
    logo = [scene(30)[0]] * 10
    bank = Bank()
    for seed in range(31, 38):
        bank.add(str(seed), look(logo + scene(seed, 3.0)))
    suspect = look(logo + scene(40, 3.0))

    assert len(bank) == 7
    assert bank.search(suspect) == []
    for seed in range(33, 38):
        bank.remove(str(seed))
    assert len(bank.search(suspect)) == 2


def test_the_same_question_has_the_same_answer(reported: Fingerprint, look: Look) -> None:
    suspect = look(scene(22, 2.0) + scene(21, 8.0)[40:110])

    assert staydown.compare(reported, suspect) == staydown.compare(reported, suspect)


def test_another_film_of_the_same_room_is_no_copy(pool: DecoderPool) -> None:
    """One person, one camera, other words: all that stands still is shared."""
    films = [
        staydown.fingerprint_bytes(clip(name), pool=pool, look="reported")
        for name in ("v044", "v046", "v048")
    ]

    for one in films:
        for other in films:
            if one is not other:
                assert staydown.compare(one, other) is None


def test_two_films_that_begin_and_end_alike_are_no_copies(pool: DecoderPool) -> None:
    """One person signs two words: a hand rises from rest, and goes back to it. Half the size,
    and with bars; and a second of it, which is all that there is to go by."""
    please = frames_of(clip("v045"))
    sorry = staydown.fingerprint_bytes(clip("v047"), pool=pool, look="reported")
    own = staydown.fingerprint_bytes(clip("v045"), pool=pool, look="reported")

    for shown in (
        [each[::2, ::2] for each in please],
        [np.pad(each, ((60, 60), (0, 0), (0, 0))) for each in please],
        please[18:54],
    ):
        suspect = staydown.fingerprint_bytes(filmed(shown, fps=30), pool=pool)
        assert staydown.compare(own, suspect) is not None
        assert staydown.compare(sorry, suspect) is None


def test_a_still_that_its_neighbours_contradict_proves_nothing(pool: DecoderPool) -> None:
    """The same two, with bars: one still of the hand at rest agrees as that of a copy would.
    Those after it show the same room, and another movement."""
    please, sorry = (frames_of(clip(name)) for name in ("v045", "v047"))
    shown = staydown.fingerprint_bytes(filmed(barred(please), fps=30, crf="26"), pool=pool)

    for frames, is_copy in ((sorry, False), ([each[48:-48, 80:-80] for each in please], True)):
        kept = staydown.fingerprint_bytes(filmed(barred(frames), fps=30, crf="26"), pool=pool)
        assert (staydown.compare(kept, shown) is not None) == is_copy


def test_one_frame_of_either_proves_little(pool: DecoderPool) -> None:
    """The same two, as stories show them, both looked at as large uploads: of each one frame is
    known, of the hand at rest."""
    please, sorry = (
        staydown.fingerprint_bytes(filmed(told(frames_of(clip(name))), fps=30), pool=pool)
        for name in ("v045", "v047")
    )
    own = staydown.fingerprint_bytes(clip("v045"), pool=pool, look="reported")
    assert please.film
    assert len(please.film.stills) == 1

    assert staydown.compare(own, please) is not None
    assert staydown.compare(please, sorry) is None
    assert staydown.compare(sorry, please) is None


def told(frames: list[Pixels]) -> list[Pixels]:
    """In a tall frame over a dark, blurred one of themselves."""
    tall = []
    for each in frames:
        height, width = each.shape[:2]
        small = cv2.GaussianBlur(
            cv2.resize(each, (36, 64), interpolation=cv2.INTER_AREA), (0, 0), 2
        )
        ground = cv2.resize(small, (width, width * 16 // 18 * 2)) // 2
        top = (ground.shape[0] - height) // 2
        ground[top : top + height] = each
        tall.append(ground)
    return tall


def test_a_filmed_clip_is_found_after_a_cut_and_a_messenger(pool: DecoderPool) -> None:
    """Real movement: half a second apart, nothing of the hash is left."""
    content = clip("v021")
    kept = staydown.fingerprint_bytes(content, pool=pool, look="reported")
    cut = [each[::2, ::2] for each in frames_of(content)[71:200]]

    match = found(
        staydown.compare(kept, staydown.fingerprint_bytes(filmed(cut, fps=30, crf="32"), pool=pool))
    )

    assert match.spans[0].reported == pytest.approx((71 / 30, 200 / 30), abs=0.5)
