// The form of a fingerprint (docs/fingerprints.md, docs/video.md), and why one is not whole.

/** The global layer of one picture; hashes are 64 lower-case hexadecimal digits. */
export interface FrameHash {
  pdq: string;
  quality: number;
  /** PDQ of the eight ways to lay the picture down, in the order of docs/fingerprints.md. */
  dihedral: string[];
}

/** `hashes` is base64 of 70 bytes a frame; see docs/video.md. */
export interface Film {
  duration: number;
  fps: number;
  hashes: string;
}

/** What the server reads with `Fingerprint.from_dict`. */
export interface Fingerprint extends Partial<FrameHash> {
  version: 1;
  kind: "picture" | "video";
  sha256: string;
  md5: string;
  width?: number;
  height?: number;
  frames?: FrameHash[];
  film?: Film;
}

/**
 * Why a fingerprint, or its global layer, could not be made. Those that the server has too
 * (docs/fingerprints.md) have the server's code.
 */
export type ReasonCode =
  /** The browser may not read the file, or it changed meanwhile. */
  | "unreadable_file"
  | "empty_file"
  /** Neither a picture nor a film. */
  | "not_media"
  /** A kind of file, or in a film a codec, that this browser does not decode; `what` names it. */
  | "unsupported_media"
  | "damaged_media"
  /** A film without pictures. */
  | "no_video"
  /** More pixels than this device has memory for. */
  | "too_large"
  /** The browser is too old, or the page was not loaded over https; `what` is what it lacks. */
  | "old_browser"
  /** The browser hands out altered pixels, so as not to be recognised. */
  | "pixels_withheld"
  /** The worker ended; most often for want of memory. */
  | "hasher_died";

export interface Reason {
  code: ReasonCode;
  what?: string;
}

/**
 * What became of a file. Both can be there: where a browser cannot decode a file, its exact
 * layer still finds identical copies; a damaged film has the frames that could be read.
 */
export interface Outcome {
  fingerprint: Fingerprint | null;
  reason: Reason | null;
}

/** Thrown where the global layer of a file cannot be made. */
export class NotHashed extends Error {
  constructor(
    readonly code: ReasonCode,
    readonly what?: string,
  ) {
    super(code);
  }

  get reason(): Reason {
    return this.what === undefined ? { code: this.code } : { code: this.code, what: this.what };
  }
}
