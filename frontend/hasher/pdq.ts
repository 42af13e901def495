// PDQ, the field's 256-bit picture hash, one row of pixels at a time.
//
// The method is Facebook's (ThreatExchange, pdq/, 2019); src/staydown/fingerprint/pdq.py has
// the same in matrix products, and says why the blur and the sampling are two of them. Here
// the rows of a picture are added to the samples as they come, so that no second copy of a
// large picture is ever in memory. ../vectors binds the two to each other.

import type { FrameHash } from "./fingerprint";

const SAMPLES = 64;
const FREQUENCIES = 16;
const SMALLEST_SIDE = 5;
const HASH_BYTES = 32;

/** How a stored picture is laid to see it upright: EXIF's number, 1 to 8. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** 64 x 64 samples of a picture, row by row. */
type Grid = Float32Array;

/** The weights of one sample along a side, from pixel `first` on. */
interface Tent {
  first: number;
  weights: Float32Array;
}

/** A sample read along a side, and the one that lies there when it is read from its far end. */
type Tents = readonly [ahead: Tent, behind: Tent][];

/** Takes in the rows of a picture, top first, and gives its hashes. */
export class Pdq {
  private readonly byRow: { weight: number; into: Float32Array }[][] = [];
  private readonly rows: Float32Array[][] = [];

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    for (let y = 0; y < height; y++) this.byRow.push([]);
    for (const pair of tents(height)) {
      this.rows.push(
        pair.map(({ first, weights }) => {
          const into = new Float32Array(width);
          weights.forEach((weight, at) => this.byRow[first + at].push({ weight, into }));
          return into;
        }),
      );
    }
  }

  /** Adds the luma of row `y`, 0 to 255, from `at` on. */
  add(y: number, luma: Uint8Array | Float32Array, at = 0): void {
    for (const { weight, into } of this.byRow[y]) {
      for (let x = 0; x < this.width; x++) into[x] += weight * luma[at + x];
    }
  }

  /**
   * The hashes, once all rows were added. `span` is the number of steps from black to white:
   * 255, or 219 in most films.
   */
  finish(orientation: Orientation = 1, span = 255): FrameHash {
    if (Math.min(this.width, this.height) < SMALLEST_SIDE) {
      const none = "0".repeat(2 * HASH_BYTES);
      return { pdq: none, quality: 0, dihedral: Array<string>(8).fill(none) };
    }
    const { plain, mirrored, flipped, turned } = this.laid(orientation);
    const lying = [
      plain,
      transposed(mirrored),
      turned,
      transposed(flipped),
      flipped,
      mirrored,
      transposed(plain),
      transposed(turned),
    ];
    const dihedral = lying.map(hashOf);
    return { pdq: dihedral[0], quality: qualityOf(plain, span), dihedral };
  }

  /** The samples of the upright picture as it is, mirrored, flipped, and both. */
  private laid(orientation: Orientation) {
    const columns = tents(this.width);
    const grid = (down: 0 | 1, across: 0 | 1): Grid => {
      const samples = new Float32Array(SAMPLES * SAMPLES);
      for (let row = 0; row < SAMPLES; row++) {
        const from = this.rows[row][down];
        for (let column = 0; column < SAMPLES; column++) {
          const { first, weights } = columns[column][across];
          let sum = 0;
          for (let at = 0; at < weights.length; at++) sum += weights[at] * from[first + at];
          // What was read from its far end comes out in that order.
          const y = down ? SAMPLES - 1 - row : row;
          const x = across ? SAMPLES - 1 - column : column;
          samples[y * SAMPLES + x] = sum;
        }
      }
      return samples;
    };
    // Laying the stored picture upright is choosing among these grids.
    const isFlipped = [3, 4, 6, 7].includes(orientation);
    const isMirrored = [2, 3, 7, 8].includes(orientation);
    const read = (flip: boolean, mirror: boolean) =>
      grid(flip !== isFlipped ? 1 : 0, mirror !== isMirrored ? 1 : 0);
    const plain = read(false, false);
    const mirrored = read(false, true);
    const flipped = read(true, false);
    const turned = read(true, true);
    if (orientation <= 4) return { plain, mirrored, flipped, turned };
    return {
      plain: transposed(plain),
      mirrored: transposed(flipped),
      flipped: transposed(mirrored),
      turned: transposed(turned),
    };
  }
}

/** The bits in which two hashes, in hexadecimal digits, differ. */
export function bitsBetween(one: string, other: string): number {
  let bits = 0;
  for (let at = 0; at < one.length; at++) {
    let apart = parseInt(one[at], 16) ^ parseInt(other[at], 16);
    for (; apart; apart &= apart - 1) bits++;
  }
  return bits;
}

function transposed(grid: Grid): Grid {
  return grid.map((_, at) => grid[(at % SAMPLES) * SAMPLES + Math.floor(at / SAMPLES)]);
}

function hashOf(grid: Grid): string {
  const frequencies = product(product(COSINES, grid, SAMPLES), COSINES_TURNED, FREQUENCIES);
  // The reference's median of an even count is the lower of the middle two.
  const median = frequencies.slice().sort()[frequencies.length / 2 - 1];
  const bytes = new Uint8Array(HASH_BYTES);
  frequencies.forEach((each, at) => {
    if (each > median) bytes[HASH_BYTES - 1 - (at >> 3)] |= 1 << (at & 7);
  });
  return hexadecimal(bytes);
}

export function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The sum of the steps between neighbours, each in whole percent of the range, over 90. */
function qualityOf(grid: Grid, span: number): number {
  const step = (one: number, other: number) =>
    Math.abs(Math.trunc(Math.fround(Math.fround(Math.fround(one - other) * 100) / span)));
  let steps = 0;
  for (let at = 0; at < grid.length; at++) {
    if (at >= SAMPLES) steps += step(grid[at - SAMPLES], grid[at]);
    if (at % SAMPLES) steps += step(grid[at - 1], grid[at]);
  }
  return Math.min(100, Math.floor(steps / 90));
}

/** `one`, of 16 rows, times `other`, of `width` columns. */
function product(one: Float32Array, other: Float32Array, width: number): Float32Array {
  const shared = one.length / FREQUENCIES;
  const result = new Float32Array(FREQUENCIES * width);
  for (let row = 0; row < FREQUENCIES; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let at = 0; at < shared; at++) {
        sum += one[row * shared + at] * other[at * width + column];
      }
      result[row * width + column] = sum;
    }
  }
  return result;
}

const COSINES = Float32Array.from({ length: FREQUENCIES * SAMPLES }, (_, at) => {
  const frequency = Math.floor(at / SAMPLES) + 1;
  const sample = at % SAMPLES;
  const angle = (Math.PI / 2 / SAMPLES) * frequency * (2 * sample + 1);
  return Math.sqrt(2 / SAMPLES) * Math.cos(angle);
});
const COSINES_TURNED = COSINES.map(
  (_, at) => COSINES[(at % FREQUENCIES) * SAMPLES + Math.floor(at / FREQUENCIES)],
);

const TENTS = new Map<number, Tents>();

/** The 64 samples along a side of `size` pixels. */
function tents(size: number): Tents {
  const known = TENTS.get(size);
  if (known) return known;
  // How far a box filter reaches ahead of its pixel, and behind it: not the same, so that
  // what is read from the far end differs by a pixel.
  const window = Math.ceil(size / (2 * SAMPLES));
  const ahead = Math.floor((window + 2) / 2) - 1;
  const behind = window - 1 - ahead;
  const centre = (sample: number) => Math.floor(((sample + 0.5) * size) / SAMPLES);
  const made: Tents = Array.from({ length: SAMPLES }, (_, sample) => [
    tent(centre(sample), size, behind, ahead),
    tent(size - 1 - centre(SAMPLES - 1 - sample), size, ahead, behind),
  ]);
  TENTS.set(size, made);
  return made;
}

/**
 * The second box averages places of the first one; each of those averages pixels. At the
 * rim both are cut off, and divide by what is left.
 */
function tent(centre: number, size: number, behind: number, ahead: number): Tent {
  const low = Math.max(0, centre - behind);
  const high = Math.min(size - 1, centre + ahead);
  const first = Math.max(0, low - behind);
  const last = Math.min(size - 1, high + ahead);
  const weights = new Float64Array(last - first + 1);
  for (let place = low; place <= high; place++) {
    const start = Math.max(0, place - behind);
    const end = Math.min(size - 1, place + ahead);
    const share = 1 / ((high - low + 1) * (end - start + 1));
    for (let at = start; at <= end; at++) weights[at - first] += share;
  }
  return { first, weights: Float32Array.from(weights) };
}
