"""Private asking: what an upload costs both sides, what is found, and who is shown for nothing.

``python -m benchmarks.private_asking [--listed N] [--strangers N]``

Times are of one core, in processor time. Copies are of the photos beside the project
(`STAYDOWN_MEDIA`), saved badly, made small, blurred; without photos that part is left out.
Who would be shown to the gate for nothing is counted among hashes of strangers, random ones
and those of crops of the photos, against as many listed ones: by their tokens, of which the
sieve lets one in 65,536 more through. Results also go to ``artefacts/private_asking.json``.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.hashes import SMALLEST_QUALITY, Hashes, of_chance, of_crops
from benchmarks.pictures import ARTEFACTS, photos
from PIL import Image, ImageFilter

from staydown.exchange import oprf
from staydown.exchange.hash_list import Prints
from staydown.exchange.private_asking import TOKENS, Holder, Question, Sieve, tokens
from staydown.fingerprint.pdq import pdq

UPLOADS = 20
DISTANCES = (4, 8, 12, 16, 20, 24, 28, 31)
TRIALS = 500
BUCKETS = 16
"""Bits of a digest that a k-anonymous question would show."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--listed", type=int, default=100_000)
    options.add_argument("--strangers", type=int, default=2_000)
    asked = options.parse_args()
    results: dict[str, Any] = {
        "costs": costs(asked.listed),
        "found_at_distance": {bits: found_at(bits) for bits in DISTANCES},
        "shown_for_nothing": {"random": shown(of_chance, asked.listed, asked.strangers)},
    }
    if photos():
        results["shown_for_nothing"]["photos"] = shown(of_crops, asked.listed, asked.strangers)
        results["copies"] = copies()
    print(json.dumps(results, indent=1))
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "private_asking.json").write_text(json.dumps(results, indent=1))
    return 0


def costs(listed: int) -> dict[str, float]:
    """Milliseconds and bytes an upload, with its two digests and one PDQ hash."""
    holder, rng = Holder(oprf.new_key()), random.Random(1)
    prints = [
        Prints(sha256=rng.randbytes(32).hex(), md5=rng.randbytes(16).hex(), pdq=rng.randbytes(32))
        for _ in range(UPLOADS)
    ]
    sieve = Sieve.of(holder.values(prints[0]), count=TOKENS * UPLOADS)
    spent = {"asker": 0.0, "holder": 0.0, "entry": 0.0}

    def timed(side: str, work: Callable[[], Any]) -> Any:
        start = time.process_time()
        done = work()
        spent[side] += (time.process_time() - start) * 1e3 / UPLOADS
        return done

    for each in prints:
        question = timed("asker", lambda each=each: Question(each))
        blinded = question.blinded
        answer = timed("holder", lambda blinded=blinded: holder.answer(blinded))
        timed("asker", lambda q=question, a=answer: q.hits(a, sieve))
        timed("entry", lambda each=each: holder.values(each))
    sieve_bytes = 16 / np.log(2) / 8 * (TOKENS + 2)
    return {
        "asker_ms": spent["asker"],
        "holder_ms": spent["holder"],
        "holder_ms_an_entry": spent["entry"],
        "bytes_each_way": 32.0 * (TOKENS + 2),
        "sieve_mb": sieve_bytes * listed / 1e6,
        # The other ways, for the same list: a bucket of digests, and one hash shown to a gate.
        "bucket_bytes": 32.0 * listed / (1 << BUCKETS),
        "gate_bytes": 33.0,
    }


def found_at(bits: int) -> float:
    rng = random.Random(bits)
    found = 0
    for _ in range(TRIALS):
        number = rng.getrandbits(256)
        other = number
        for bit in rng.sample(range(256), bits):
            other ^= 1 << bit
        found += bool(set(_tokens(number)) & set(_tokens(other)))
    return found / TRIALS


def _tokens(number: int) -> list[bytes]:
    return tokens(Prints(pdq=number.to_bytes(32, "big")))


def shown(make: Callable[[np.random.Generator, int], Hashes], listed: int, strangers: int) -> float:
    """The share of *strangers* that share a token with one of *listed* and are far from it."""
    pool = make(np.random.default_rng(7), listed + strangers)[: listed + strangers]
    known, asking = pool[:-strangers], pool[-strangers:]
    held = {token for each in known for token in tokens(Prints(pdq=each.tobytes()))}
    count = 0
    for each in asking:
        if held.intersection(tokens(Prints(pdq=each.tobytes()))):
            distances = np.bitwise_count(known ^ each).sum(axis=1)
            count += int(distances.min()) > 31
    return count / strangers


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg q10": lambda picture: _saved(picture, 10),
    "jpeg q50": lambda picture: _saved(picture, 50),
    "resized to a quarter": lambda picture: picture.resize(
        (max(64, picture.width // 4), max(64, picture.height // 4))
    ),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "caption bar": lambda picture: _captioned(picture),
}


def copies(most: int = 200) -> dict[str, dict[str, float]]:
    """Of each edit, the share that PDQ finds (31 bits) and that asking finds."""
    results: dict[str, dict[str, float]] = {}
    paths = photos()[:most]
    for name, edit in EDITS.items():
        near = asked = count = 0
        for path in paths:
            with Image.open(path) as opened:
                picture = opened.convert("L")
                picture.thumbnail((1024, 1024))
            one, other = pdq(np.asarray(picture)), pdq(np.asarray(edit(picture)))
            if min(one.quality, other.quality) < SMALLEST_QUALITY:
                continue
            count += 1
            flips = int.from_bytes(one.dihedral[0], "big") ^ int.from_bytes(
                other.dihedral[0], "big"
            )
            near += flips.bit_count() <= 31
            held = set(tokens(Prints(pdq=one.dihedral[0])))
            asked += bool(held.intersection(tokens(Prints(pdq=other.dihedral[0]))))
        results[name] = {"pictures": count, "pdq": near / count, "asking": asked / count}
    return results


def _saved(picture: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("L")


def _captioned(picture: Image.Image) -> Image.Image:
    made = Image.new("L", (picture.width, picture.height * 23 // 20), 255)
    made.paste(picture, (0, picture.height * 3 // 20))
    return made


if __name__ == "__main__":
    sys.exit(main())
