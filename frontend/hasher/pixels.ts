// Decoded frames to luma, as near to the decoder as a browser lets us.
//
// A frame's own Y plane is taken where it has one. It is what the server takes, and what is
// left of a picture on its way through canvases and colour spaces is not.

import { NotHashed } from "./fingerprint";
import { Pdq } from "./pdq";

/** What `VideoFrame` of WebCodecs and `VideoSample` of mediabunny have in common. */
interface Decoded {
  readonly format: string | null;
  readonly visibleRect: { readonly width: number; readonly height: number } | null;
  readonly colorSpace: { readonly fullRange: boolean | null; readonly matrix: string | null };
  allocationSize(options?: VideoFrameCopyToOptions): number;
  copyTo(into: Uint8Array, options?: VideoFrameCopyToOptions): Promise<PlaneLayout[]>;
}

/** The luma of a picture as stored, one byte a pixel or a fraction; `span` as in `Pdq.finish`. */
export interface Luma {
  readonly width: number;
  readonly height: number;
  readonly span: number;
  /** The luma of row `y`: in `values`, from `at` on. */
  row(y: number): { values: Uint8Array | Float32Array; at: number };
}

type Weights = readonly [red: number, green: number, blue: number];

/** ITU-R BT.601, as in PDQ's reference. */
export const PICTURE: Weights = [0.299, 0.587, 0.114];

/** What gives a film's Y back, where only its colours are handed out. */
const FILM: Readonly<Record<string, Weights>> = {
  bt709: [0.2126, 0.7152, 0.0722],
  "bt2020-ncl": [0.2627, 0.678, 0.0593],
};

/** Whether the frame comes with a Y plane of its own. */
export function hasLuma(frame: Decoded): boolean {
  return /^(I4|NV)/.test(frame.format ?? "");
}

/** The luma of a decoded frame. `isFilm` says whose weights give it, if it has none. */
export async function lumaOf(frame: Decoded, isFilm: boolean): Promise<Luma> {
  const { width, height } = frame.visibleRect ?? { width: 0, height: 0 };
  const format = frame.format ?? "RGBA";
  // A format is named only where it must be: not every browser can convert.
  const options: VideoFrameCopyToOptions = frame.format ? {} : { format: "RGBA" };
  const copy = new Uint8Array(frame.allocationSize(options));
  const [{ offset, stride }] = await frame.copyTo(copy, options);
  if (hasLuma(frame)) {
    const span = frame.colorSpace.fullRange ? 255 : 219;
    const bits = Number(/P(1\d)$/.exec(format)?.[1] ?? 8);
    if (bits === 8) {
      return { width, height, span, row: (y) => ({ values: copy, at: offset + y * stride }) };
    }
    const values = new Uint8Array(width);
    const deep = new DataView(copy.buffer);
    const row = (y: number) => {
      for (let x = 0; x < width; x++) {
        values[x] = deep.getUint16(offset + y * stride + 2 * x, true) >> (bits - 8);
      }
      return { values, at: 0 };
    };
    return { width, height, span, row };
  }
  if (!/^(RGB|BGR)[AX]$/.test(format)) throw new NotHashed("unsupported_media", format);
  const weights = (isFilm && FILM[frame.colorSpace.matrix ?? "bt709"]) || PICTURE;
  const ordered: Weights = format.startsWith("B")
    ? [weights[2], weights[1], weights[0]]
    : weights;
  const hasAlpha = format.endsWith("A");
  return {
    width,
    height,
    span: 255,
    row: weighed(width, ordered, hasAlpha, (y) => ({ values: copy, at: offset + y * stride })),
  };
}

/** The luma of rows of four bytes a pixel. Transparent pixels are laid on white. */
export function weighed(
  width: number,
  [first, second, third]: Weights,
  hasAlpha: boolean,
  row: (y: number) => { values: ArrayLike<number>; at: number },
): Luma["row"] {
  const luma = new Float32Array(width);
  return (y) => {
    const { values, at } = row(y);
    for (let x = 0, from = at; x < width; x++, from += 4) {
      const value =
        first * values[from] + second * values[from + 1] + third * values[from + 2];
      const cover = hasAlpha ? values[from + 3] / 255 : 1;
      luma[x] = value * cover + 255 * (1 - cover);
    }
    return { values: luma, at: 0 };
  };
}

/** A `Pdq` that has taken in all rows of `luma`. */
export function taken(luma: Luma): Pdq {
  const pdq = new Pdq(luma.width, luma.height);
  for (let y = 0; y < luma.height; y++) {
    const { values, at } = luma.row(y);
    pdq.add(y, values, at);
  }
  return pdq;
}
