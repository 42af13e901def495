// A film to the hashes of its frames with their times, through WebCodecs.
//
// mediabunny takes the container apart, and reads no more of the file than it needs; the
// browser decodes.

import {
  BlobSource,
  EncodedPacketSink,
  Input,
  Logging,
  LogLevel,
  MATROSKA,
  MP4,
  QTFF,
  UnsupportedInputFormatError,
  VideoSampleSink,
  WEBM,
  type InputVideoTrack,
  type VideoSample,
} from "mediabunny";

import { NotHashed, type Film, type Reason } from "./fingerprint";
import type { Format } from "./formats";
import type { Orientation } from "./pdq";
import { lumaOf, taken, type Luma } from "./pixels";

/** The global layer of a film; `width` and `height` are upright. */
export interface SeenFilm {
  width: number;
  height: number;
  film: Film;
}

/** Seconds from one hash to the next. */
const APART = 1;
const MOST_FRAMES = 8192;
const FRAME_BYTES = 70;
const PLAIN = 1;
const KEY = 2;
/** A frame is plain when so much of it lies within four tones: a title card, a slide. */
const PLAIN_SHARE = 0.6;
const MIRRORED = 5;

// What is wrong with a file is said by `NotHashed`, and to the page alone.
Logging.level = LogLevel.Silent;

const ORIENTATIONS: Readonly<Record<number, Orientation>> = { 0: 1, 90: 6, 180: 3, 270: 8 };

/**
 * Hashes the film in `file`. A film that breaks off has the frames that could be read, and a
 * reason. Throws `NotHashed` where there is none.
 */
export async function hashFilm(
  file: Blob,
  format: Format,
  progress: (share: number) => void,
): Promise<{ seen: SeenFilm; reason: Reason | null }> {
  if (format === "AVI") throw new NotHashed("unsupported_media", format);
  if (typeof VideoDecoder === "undefined") throw new NotHashed("old_browser", "VideoDecoder");
  const input = new Input({
    source: new BlobSource(file),
    formats: [MP4, QTFF, MATROSKA, WEBM],
  });
  try {
    const track = await input.getPrimaryVideoTrack();
    if (!track) {
      // Where the index of a file is missing, it seems to hold nothing.
      const isWhole = (await input.getTracks()).length > 0;
      throw new NotHashed(isWhole ? "no_video" : "damaged_media");
    }
    const codec = (await track.getCodec()) ?? (await track.getInternalCodecId());
    if (!(await track.canDecode())) throw new NotHashed("unsupported_media", String(codec));
    return await hashTrack(track, progress);
  } catch (error) {
    if (error instanceof NotHashed) throw error;
    if (error instanceof UnsupportedInputFormatError) throw new NotHashed("unsupported_media", format);
    throw new NotHashed("damaged_media");
  } finally {
    input.dispose();
  }
}

async function hashTrack(
  track: InputVideoTrack,
  progress: (share: number) => void,
): Promise<{ seen: SeenFilm; reason: Reason | null }> {
  const first = await track.getFirstTimestamp();
  const duration = (await track.computeDuration()) - first;
  const { averagePacketRate } = await track.computePacketStats(100);
  const packets = new EncodedPacketSink(track);
  const apart = Math.max(APART, duration / (MOST_FRAMES - 1));
  const times = Array.from({ length: Math.ceil(duration / apart) }, (_, at) => first + at * apart);
  const seen = { width: 0, height: 0 };
  const frames: Uint8Array[] = [];
  let latest = -Infinity;
  let reason: Reason | null = null;
  try {
    for await (const sample of new VideoSampleSink(track).samplesAtTimestamps(times)) {
      // Where little moves, one frame is shown for seconds.
      if (sample && sample.timestamp > latest) {
        latest = sample.timestamp;
        const packet = await packets.getPacket(latest, { metadataOnly: true });
        const hashed = await hashSample(sample, latest - first, packet?.type === "key");
        if (frames.length === 0) Object.assign(seen, hashed.size);
        frames.push(hashed.frame);
        progress(Math.min(1, (latest - first) / duration));
      }
      sample?.close();
    }
  } catch (error) {
    if (frames.length === 0) throw error;
    reason = { code: "damaged_media" };
  }
  if (frames.length === 0) throw new NotHashed("damaged_media");
  const film = {
    duration: thousandths(reason ? latest - first : duration),
    fps: thousandths(averagePacketRate),
    hashes: base64(frames),
  };
  return { seen: { ...seen, film }, reason };
}

/** One frame in the form of docs/video.md. */
async function hashSample(sample: VideoSample, time: number, isKey: boolean) {
  const luma = await lumaOf(sample, true);
  const orientation = ORIENTATIONS[sample.rotation];
  const { pdq, quality, dihedral } = taken(luma).finish(orientation, luma.span);
  const frame = new Uint8Array(FRAME_BYTES);
  new DataView(frame.buffer).setUint32(0, Math.round(time * 1000), true);
  frame[4] = quality;
  frame[5] = (isPlain(luma) ? PLAIN : 0) | (isKey ? KEY : 0);
  frame.set(bytesOf(pdq), 6);
  frame.set(bytesOf(dihedral[MIRRORED]), 38);
  const { width, height } = luma;
  return { frame, size: orientation > 4 ? { width: height, height: width } : { width, height } };
}

function isPlain(luma: Luma): boolean {
  const step = Math.max(1, Math.floor(Math.min(luma.width, luma.height) / 64));
  const tones = new Uint32Array(129);
  let all = 0;
  for (let y = 0; y < luma.height; y += step) {
    const { values, at } = luma.row(y);
    for (let x = 0; x < luma.width; x += step, all++) tones[values[at + x] >> 1]++;
  }
  return tones.some((count, at) => count + (tones[at + 1] ?? 0) >= PLAIN_SHARE * all);
}

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

function base64(pieces: Uint8Array[]): string {
  return btoa(pieces.map((piece) => String.fromCharCode(...piece)).join(""));
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
