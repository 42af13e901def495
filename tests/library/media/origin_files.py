"""Files that say where they come from: drawn pictures with marks of every kind."""

from __future__ import annotations

import io
import json
import struct
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from library.pictures import drawing, encoded, png_chunk
from staydown.media.origin.credentials import OFFLINE

PROMPT = "a lighthouse beside Alice's house, oil on canvas"
"""What somebody typed: it must never come out."""

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PICTURE = drawing(160, 120)
MIME = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "MP4": "video/mp4",
}


def picture(form: str = "JPEG", **options: Any) -> bytes:
    """A drawing without any mark; for MP4, the boxes of a film without pictures."""
    return film() if form == "MP4" else encoded(PICTURE, form, **options)


# C2PA


class Signer:
    """Signs as an organisation that an authority of its own vouches for."""

    def __init__(
        self,
        organisation: str = "Example Camera Ltd",
        *,
        until: datetime | None = None,
        ocsp: str = "",
    ) -> None:
        start = datetime.now(UTC) - timedelta(days=30)
        later = start + timedelta(days=365)
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root_name = _name("Example Roots", "Example Root")
        root = (
            _certificate(root_name, root_name, root_key, start, later)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(root_key, hashes.SHA256())
        )
        leaf = (
            _certificate(_name(organisation, "Signing"), root_name, key, start, until or later)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
                critical=False,
            )
        )
        if ocsp:
            place = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp)
            )
            leaf = leaf.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        pem = serialization.Encoding.PEM
        self.root = root.public_bytes(pem).decode()
        self._chain = leaf.sign(root_key, hashes.SHA256()).public_bytes(pem) + self.root.encode()
        self._key = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(
        self,
        content: bytes,
        form: str = "JPEG",
        *,
        generator: str = "Example Paint",
        actions: list[dict[str, Any]] | None = None,
        parent: bytes | None = None,
        remote: str = "",
    ) -> bytes:
        """*content* with a manifest; by default one that says a model made it."""
        acts = [made_by_model()] if actions is None else actions
        manifest = {
            "claim_generator_info": [{"name": generator, "version": "1.0"}],
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": acts}}],
        }
        settings = {
            **OFFLINE,
            "verify": {**OFFLINE["verify"], "verify_after_sign": False},
            "builder": {"thumbnail": {"enabled": False}},
        }
        signer = c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(
                alg=b"es256", sign_cert=self._chain, private_key=self._key, ta_url=None
            )
        )
        out, mime = io.BytesIO(), MIME.get(form, form)
        with c2pa.Builder(
            json.dumps(manifest), context=c2pa.Context.from_dict(settings)
        ) as builder:
            if parent is not None:
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                relation = json.dumps({"relationship": "parentOf", "title": "parent"})
                builder.add_ingredient(relation, "image/jpeg", io.BytesIO(parent))
            if remote:
                builder.set_no_embed()
                builder.set_remote_url(remote)
            builder.sign(signer, mime, io.BytesIO(content), out)
        return out.getvalue()


def made_by_model(agent: str = "Example Model", action: str = "c2pa.created") -> dict[str, Any]:
    return {"action": action, "softwareAgent": {"name": agent}, "digitalSourceType": AI}


EDITED = {"action": "c2pa.edited"}


def _name(organisation: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _usage(**uses: bool) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{use: uses.get(use, False) for use in every})


# XMP and texts, in each container


def xmp(inside: str = "", attributes: str = "") -> bytes:
    """An XMP packet with *inside* its description, or *attributes* on it."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
        f" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(content)) + content


def jpeg_with(*segments: bytes) -> bytes:
    plain = picture("JPEG")
    return plain[:2] + b"".join(segments) + plain[2:]


def jpeg_with_xmp(packet: bytes) -> bytes:
    return jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))


def jpeg_with_long_xmp(packet: bytes, size: int = 500) -> bytes:
    """As Adobe splits what is too long for one segment; the parts out of order."""
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">I", len(packet))
    parts = [
        segment(0xE1, head + struct.pack(">I", at) + packet[at : at + size])
        for at in range(0, len(packet), size)
    ]
    return jpeg_with(*reversed(parts))


def png_with(*chunks: bytes) -> bytes:
    plain = picture("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def png_text(keyword: str, text: str, kind: bytes = b"tEXt") -> bytes:
    """A text chunk; one of kind iTXt is compressed."""
    key, value = keyword.encode("latin-1") + b"\0", text.encode()
    body = {
        b"tEXt": key + value,
        b"zTXt": key + b"\0" + zlib.compress(value),
        b"iTXt": key + b"\1\0" + b"en\0" + b"\0" + zlib.compress(value),
    }[kind]
    return png_chunk(kind, body)


def png_with_xmp(packet: bytes) -> bytes:
    return png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))


def webp_with(*chunks: tuple[bytes, bytes]) -> bytes:
    plain = picture("WEBP")
    more = b"".join(
        kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(plain) - 8 + len(more)) + plain[8:] + more


def gif_with_xmp(packet: bytes) -> bytes:
    plain = picture("GIF")
    ramp = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    at = 13 + (3 << (plain[10] & 7) + 1 if plain[10] & 0x80 else 0)
    return plain[:at] + b"\x21\xff\x0bXMP DataXMP" + packet + ramp + plain[at:]


def exif(tags: dict[int, str | bytes], order: str = "<") -> bytes:
    """EXIF with *tags* in its first directory, the comment of the user in its own."""
    comment = tags.get(0x9286)
    first = {tag: value for tag, value in tags.items() if tag != 0x9286}
    count = len(first) + (comment is not None)
    data = bytearray(b"II*\0" if order == "<" else b"MM\0*")
    data += struct.pack(order + "I", 8) + struct.pack(order + "H", count)
    heap_at = 8 + 2 + 12 * count + 4
    heap = bytearray()
    for tag, value in first.items():
        raw = value if isinstance(value, bytes) else value.encode() + b"\0"
        kind = 7 if isinstance(value, bytes) else 2
        data += struct.pack(order + "HHII", tag, kind, len(raw), heap_at + len(heap))
        heap += raw + b"\0\0\0\0"
    if comment is not None:
        data += struct.pack(order + "HHII", 0x8769, 4, 1, heap_at + len(heap))
        raw = comment if isinstance(comment, bytes) else b"ASCII\0\0\0" + comment.encode()
        inner_at = heap_at + len(heap)
        heap += struct.pack(order + "H", 1)
        heap += struct.pack(order + "HHII", 0x9286, 7, len(raw), inner_at + 18)
        heap += struct.pack(order + "I", 0) + raw
    return bytes(data) + struct.pack(order + "I", 0) + bytes(heap)


def jpeg_with_exif(tags: dict[int, str | bytes], order: str = "<") -> bytes:
    return jpeg_with(segment(0xE1, b"Exif\0\0" + exif(tags, order)))


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def film(*boxes: bytes, moov: bytes = b"") -> bytes:
    """A film's boxes around 2,000 bytes that nobody will decode; *boxes* come last."""
    return (
        box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
        + box(b"mdat", bytes(range(250)) * 8)
        + box(b"moov", box(b"mvhd", bytes(100)), moov)
        + b"".join(boxes)
    )


def film_with_keys(texts: dict[str, str], *, in_user_data: bool = True) -> bytes:
    """Texts under names of any length, as ffmpeg writes them when it is asked to."""
    keys = b"".join(box(b"mdta", name.encode()) for name in texts)
    items = b"".join(
        box(struct.pack(">I", number), box(b"data", struct.pack(">II", 1, 0), text.encode()))
        for number, text in enumerate(texts.values(), 1)
    )
    handler = box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    content = handler + box(b"keys", struct.pack(">II", 0, len(texts)), keys) + box(b"ilst", items)
    if in_user_data:
        return film(moov=box(b"udta", box(b"meta", bytes(4), content)))
    return film(moov=box(b"meta", content))


def film_with_item(kind: bytes, text: str) -> bytes:
    """A text under a name of four letters, as iTunes does."""
    item = box(kind, box(b"data", struct.pack(">II", 1, 0), text.encode()))
    handler = box(b"hdlr", bytes(8) + b"mdir" + bytes(13))
    return film(moov=box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", item))))


def film_with_user_data(kind: bytes, text: str) -> bytes:
    """As QuickTime has done since 1991."""
    body = text.encode()
    return film(moov=box(b"udta", box(kind, struct.pack(">HH", len(body), 0x15C7), body)))


def film_with_xmp(packet: bytes) -> bytes:
    return film(box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), packet))
