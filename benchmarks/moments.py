"""Mean and whitening of root-normalised SIFT, for `staydown.fingerprint.local.key`.

``python -m benchmarks.moments PICTURES...`` writes
``src/staydown/fingerprint/local/moments.bin``: 128 means, then 128 x 128 of a
symmetric matrix, as little-endian half floats.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from staydown.fingerprint.local.extract import INVERTED, MIRRORED, root_normalised

STRENGTH = 0.5
"""1 would make every direction equal, noise too; between 0.25 and 0.5 little changes."""
TARGET = Path("src/staydown/fingerprint/local/moments.bin")


def main(paths: list[str]) -> None:
    sift = cv2.SIFT_create(nfeatures=500, contrastThreshold=0.02)
    vectors = []
    for path in paths:
        pixels = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        share = 448 / max(pixels.shape)
        pixels = cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        _, found = sift.detectAndCompute(pixels, None)
        if found is not None:
            vectors.append(root_normalised(found))
    seen = np.concatenate(vectors).astype(np.float64)
    # A mirrored or inverted picture must meet the same numbers.
    orders = (np.arange(128), MIRRORED, INVERTED, MIRRORED[INVERTED])
    mean = np.mean([seen.mean(0)[order] for order in orders], axis=0)
    spread = np.cov(seen.T)
    spread = np.mean([spread[np.ix_(order, order)] for order in orders], axis=0)
    values, directions = np.linalg.eigh(spread)
    strength = (np.maximum(values, 0) + 1e-5) ** (-STRENGTH / 2)
    whitening = directions @ np.diag(strength / strength.mean()) @ directions.T
    TARGET.write_bytes(np.concatenate([mean, whitening.ravel()]).astype("<f2").tobytes())
    print(f"{len(seen)} descriptors of {len(paths)} pictures -> {TARGET}")


if __name__ == "__main__":
    main(sys.argv[1:])
