// The exact layer: digests of the file's bytes, a piece at a time.
//
// Not WebCrypto's: it takes a file only as a whole, which a film of 4 GB is not, and has no
// MD5, which partners' lists are still made of.

import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { NotHashed } from "./fingerprint";
import { hexadecimal } from "./pdq";

const PIECE = 1 << 20;

/** The digests of `file` in lower-case hexadecimal digits; `progress` is told the share done. */
export async function digests(
  file: Blob,
  progress: (share: number) => void,
): Promise<{ sha256: string; md5: string }> {
  const both = { sha256: sha256.create(), md5: md5.create() };
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = await read(file.slice(at, at + PIECE));
    both.sha256.update(piece);
    both.md5.update(piece);
    progress(Math.min(1, (at + piece.length) / file.size));
  }
  return { sha256: hexadecimal(both.sha256.digest()), md5: hexadecimal(both.md5.digest()) };
}

/** The bytes of `part`; throws `NotHashed` where the browser may not read them any more. */
export async function read(part: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await part.arrayBuffer());
  } catch {
    throw new NotHashed("unreadable_file");
  }
}
