// The worker: a file in, its fingerprint out. It opens no connection.

import { digests, read } from "./digests";
import { hashFilm } from "./film";
import { NotHashed, type Fingerprint, type Outcome } from "./fingerprint";
import { isFilm, PREFIX_BYTES, recognise } from "./formats";
import type { Answer, Question } from "./messages";
import { hashPicture } from "./picture";

/** The digests' share of the work, of a picture and of a film. */
const READING = { picture: 0.5, video: 0.1 };
const PROGRESS_EVERY = 50;

async function fingerprint(file: File, progress: (share: number) => void): Promise<Outcome> {
  // A file that is gone has no size, and says why when it is read.
  const prefix = await read(file.size === 0 ? file : file.slice(0, PREFIX_BYTES));
  if (prefix.length === 0) throw new NotHashed("empty_file");
  const format = recognise(prefix);
  if (!format) throw new NotHashed("not_media");
  if (format === "other") throw new NotHashed("unsupported_media");
  const kind = isFilm(format) ? "video" : "picture";
  const reading = READING[kind];
  const exact = await digests(file, (share) => progress(share * reading));
  const found: Fingerprint = { version: 1, kind, ...exact };
  const looking = (share: number) => progress(reading + share * (1 - reading));
  try {
    if (kind === "picture") Object.assign(found, await hashPicture(file, format, looking));
    else {
      const { seen, reason } = await hashFilm(file, format, looking);
      return { fingerprint: Object.assign(found, seen), reason };
    }
  } catch (error) {
    if (error instanceof NotHashed) return { fingerprint: found, reason: error.reason };
    throw error;
  }
  return { fingerprint: found, reason: null };
}

function say(answer: Answer): void {
  postMessage(answer);
}

addEventListener("message", async ({ data: file }: MessageEvent<Question>) => {
  let told = -Infinity;
  const progress = (share: number) => {
    const now = performance.now();
    if (now < told + PROGRESS_EVERY) return;
    told = now;
    say({ progress: share });
  };
  try {
    say({ outcome: await fingerprint(file, progress) });
  } catch (error) {
    if (error instanceof NotHashed) say({ outcome: { fingerprint: null, reason: error.reason } });
    // A fault of ours. Thrown here, the page would not hear of it.
    else reportError(error);
  }
});
