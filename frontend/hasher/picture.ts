// A picture file to the global layer, as a person sees it: upright, on white, eight bits.
//
// docs/divergences.md says what the server makes of a picture (no colour profile, the JPEG's
// own Y plane); this does the same with what browsers offer. WebCodecs' `ImageDecoder` hands
// out pixels as decoded, and every frame of an animation. Where it is missing, or its pixels
// are not the server's, the picture goes through a canvas.

import { NotHashed, type FrameHash } from "./fingerprint";
import type { Format } from "./formats";
import { bitsBetween, type Orientation } from "./pdq";
import { hasLuma, lumaOf, PICTURE, taken, weighed, type Luma } from "./pixels";

/** The global layer of a picture; `width` and `height` are upright. */
export interface SeenPicture extends FrameHash {
  width: number;
  height: number;
  frames?: FrameHash[];
}

/** From so many pixels on, the server takes the Y plane of a JPEG; below, its colours. */
const LARGE_JPEG = 200_000;
/** Frames of an animation that differ in no more bits say the same thing twice. */
const SAME_FRAME = 8;
const MOST_FRAMES = 8;
/** Reaching a frame means decoding those before it: so many pixels are decoded at most. */
const MOST_PIXELS = 260_000_000;
const BAND_ROWS = 256;

const TYPES: Partial<Record<Format, string>> = {
  JPEG: "image/jpeg",
  PNG: "image/png",
  GIF: "image/gif",
  WEBP: "image/webp",
  AVIF: "image/avif",
  HEIF: "image/heic",
  TIFF: "image/tiff",
  BMP: "image/bmp",
};
const READ_BY_ALL: readonly Format[] = ["JPEG", "PNG", "GIF", "WEBP", "BMP"];

/** EXIF's number for a frame that is turned right by so many degrees; and then mirrored. */
const ORIENTATIONS: Readonly<Record<number, readonly [Orientation, Orientation]>> = {
  0: [1, 2],
  90: [6, 5],
  180: [3, 4],
  270: [8, 7],
};

/** What newer browsers say of a frame, and the types of older ones do not know. */
interface Turned {
  readonly rotation: number;
  readonly flip: boolean;
}

/**
 * Hashes the picture in `file`. Throws `NotHashed`; where the browser knows the format, what it
 * cannot decode is damaged.
 */
export async function hashPicture(
  file: Blob,
  format: Format,
  progress: (share: number) => void,
): Promise<SeenPicture> {
  const type = TYPES[format] ?? "";
  // Without `rotation`, nobody could tell how the frame is to be laid.
  const hasDecoder = typeof ImageDecoder !== "undefined" && "rotation" in VideoFrame.prototype;
  const isDecoded = hasDecoder && (await ImageDecoder.isTypeSupported(type));
  try {
    return (isDecoded && (await byDecoder(file, format, type, progress))) || (await byCanvas(file));
  } catch (error) {
    if (error instanceof NotHashed) throw error;
    if (error instanceof RangeError) throw new NotHashed("too_large");
    if (isDecoded || READ_BY_ALL.includes(format)) throw new NotHashed("damaged_media");
    throw new NotHashed("unsupported_media", format);
  }
}

/** Null where the server hashes colours, and the decoder has luma. */
async function byDecoder(
  file: Blob,
  format: Format,
  type: string,
  progress: (share: number) => void,
): Promise<SeenPicture | null> {
  const decoder = new ImageDecoder({
    data: file.stream(),
    type,
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  try {
    await decoder.completed;
    const hashes: FrameHash[] = [];
    const size = { width: 0, height: 0 };
    const count = decoder.tracks.selectedTrack?.frameCount ?? 1;
    let chosen = [0];
    for (let at = 0; at < chosen.length; at++) {
      const frame = (await decoder.decode({ frameIndex: chosen[at] })).image;
      try {
        const pixels = frame.codedWidth * frame.codedHeight;
        if (hasLuma(frame) && !(format === "JPEG" && pixels >= LARGE_JPEG)) return null;
        const { rotation, flip } = frame as VideoFrame & Turned;
        const orientation = ORIENTATIONS[rotation][flip ? 1 : 0];
        const luma = await lumaOf(frame, false);
        const hash = taken(luma).finish(orientation, luma.span);
        if (at === 0) {
          chosen = spread(count, pixels);
          const [width, height] = [luma.width, luma.height];
          Object.assign(size, orientation > 4 ? { width: height, height: width } : { width, height });
        }
        if (hashes.every((other) => bitsBetween(hash.pdq, other.pdq) > SAME_FRAME)) {
          hashes.push(hash);
        }
      } finally {
        frame.close();
      }
      progress((at + 1) / chosen.length);
    }
    const [first, ...frames] = hashes;
    return { ...size, ...first, ...(frames.length > 0 && { frames }) };
  } finally {
    decoder.close();
  }
}

/** Which frames of an animation are looked at: the first, the last, and some between. */
function spread(count: number, pixels: number): number[] {
  const last = Math.max(0, Math.min(count, Math.floor(MOST_PIXELS / Math.max(1, pixels))) - 1);
  const steps = Math.min(last, MOST_FRAMES - 1);
  return Array.from({ length: steps + 1 }, (_, at) => Math.round((last * at) / (steps || 1)));
}

async function byCanvas(file: Blob): Promise<SeenPicture> {
  if (typeof OffscreenCanvas === "undefined") throw new NotHashed("old_browser", "OffscreenCanvas");
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  try {
    // A band at a time: a phone's canvas is smaller than its pictures.
    const canvas = new OffscreenCanvas(width, Math.min(height, BAND_ROWS));
    const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    if (!context) throw new NotHashed("too_large");
    checkPixels(context);
    let band = new Uint8ClampedArray();
    const pixels = (y: number) => {
      if (y % BAND_ROWS === 0) {
        context.fillStyle = "#fff";
        context.fillRect(0, 0, width, canvas.height);
        context.drawImage(bitmap, 0, -y);
        band = context.getImageData(0, 0, width, canvas.height).data;
      }
      return { values: band, at: (y % BAND_ROWS) * width * 4 };
    };
    const luma: Luma = { width, height, span: 255, row: weighed(width, PICTURE, false, pixels) };
    return { width, height, ...taken(luma).finish() };
  } finally {
    bitmap.close();
  }
}

/** Some browsers answer with noise, so that nobody is recognised by how theirs draws. */
function checkPixels(context: OffscreenCanvasRenderingContext2D): void {
  const drawn = [200, 100, 50];
  context.fillStyle = `rgb(${drawn.join()})`;
  context.fillRect(0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  const isTrue = data.every((value, at) => at % 4 === 3 || Math.abs(value - drawn[at % 4]) <= 8);
  if (!isTrue) throw new NotHashed("pixels_withheld");
}
