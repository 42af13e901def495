// Telling formats apart by their first bytes, as src/staydown/media/formats.py does.

export const PREFIX_BYTES = 64;

/** "other" is media that nothing here reads. */
export type Format =
  | "JPEG" | "PNG" | "GIF" | "WEBP" | "AVIF" | "HEIF" | "TIFF" | "BMP"
  | "MP4" | "MATROSKA" | "AVI" | "other";

const STARTS: readonly (readonly [string, Format])[] = [
  ["\xff\xd8\xff", "JPEG"],
  ["\x89PNG\r\n\x1a\n", "PNG"],
  ["GIF87a", "GIF"],
  ["GIF89a", "GIF"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
  ["II+\0", "TIFF"],
  ["MM\0+", "TIFF"],
  ["BM", "BMP"],
  ["\x1a\x45\xdf\xa3", "MATROSKA"],
  ["\xff\x0a", "other"],
  ["\0\0\0\x0cJXL ", "other"],
  ["\0\0\0\x0cjP  ", "other"],
  ["8BPS", "other"],
  ["OggS", "other"],
  ["FLV\x01", "other"],
  ["%PDF", "other"],
  ["\0\0\x01\xba", "other"],
  ["\0\0\x01\xb3", "other"],
];

const QUICKTIME_BOXES = ["moov", "mdat", "wide", "free", "skip"];
const HEIF_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

/** The format that a file starting with `prefix` claims to be; null if unknown. */
export function recognise(prefix: Uint8Array): Format | null {
  const text = String.fromCharCode(...prefix);
  const box = text.slice(4, 8);
  for (const [start, format] of STARTS) if (text.startsWith(start)) return format;
  if (text.startsWith("RIFF")) {
    const kind = text.slice(8, 12);
    return kind === "WEBP" ? "WEBP" : kind === "AVI " ? "AVI" : "other";
  }
  if (box === "ftyp") return baseMedia(prefix, text);
  return QUICKTIME_BOXES.includes(box) ? "MP4" : null;
}

/** AVIF, HEIF and MP4 share one container; its brands tell which is inside. */
function baseMedia(prefix: Uint8Array, text: string): Format {
  const length = Math.min(new DataView(prefix.buffer, prefix.byteOffset).getUint32(0), text.length);
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= length; at += 4) brands.push(text.slice(at, at + 4));
  if (brands.includes("avif") || brands.includes("avis")) return "AVIF";
  if (brands.some((brand) => HEIF_BRANDS.includes(brand))) return "HEIF";
  return ["crx ", "jxl ", "jp2 "].includes(brands[0]) ? "other" : "MP4";
}

export function isFilm(format: Format): boolean {
  return format === "MP4" || format === "MATROSKA" || format === "AVI";
}
