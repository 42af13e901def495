"""Wrong and hostile input against the running service: one clear answer each, and it goes on."""

import io
import struct
import zlib

import pytest
import requests
from PIL import Image
from world import Server, Visitor, free_port


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((320, 240), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def _png_bomb(side: int = 40_000) -> bytes:
    """A PNG of side x side white pixels: gigabytes of them in a few megabytes."""
    packer = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * side * 3
    body = b"".join(packer.compress(row) for _ in range(200)) + packer.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


BAD_FILES = {
    "empty": (b"", 422, "empty"),
    "text": (b"This is no picture, but a sentence. " * 40, 415, "not a picture"),
    "truncated": (_jpeg()[: len(_jpeg()) // 2], 422, "missing"),
    "bomb": (_png_bomb(), 413, "40000 x 40000"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_a_problem_document_and_the_service_goes_on(
    server: Server, name: str
) -> None:
    key = server.add_host("plaza", f"http://127.0.0.1:{free_port()}")["api_key"]
    content, status, words = BAD_FILES[name]

    for body in ({"files": {"file": ("x.jpg", content)}}, {"data": content}):
        answer = requests.post(
            f"{server.url}/api/v1/check",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
            **body,
        )
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert words in answer.json()["detail"]

    good = requests.post(
        f"{server.url}/api/v1/check",
        headers={"Authorization": f"Bearer {key}"},
        files={"file": ("good.jpg", _jpeg())},
        timeout=60,
    )
    assert good.json()["verdict"] == "allow"


def test_a_notice_with_a_bad_file_and_nothing_else_keeps_what_was_typed(alice: Visitor) -> None:
    answer = alice.send(
        "/report/",
        files=[("files", ("cut.jpg", BAD_FILES["truncated"][0])), ("files", ("ok.jpg", _jpeg()))],
        explanation="It was on my brother's phone.",
        signature="Alice Example",
    )

    assert answer.status_code == 422
    assert "cut.jpg" in answer.text
    assert "It was on my brother&#x27;s phone." in answer.text
    assert 'value="Alice Example"' in answer.text
    assert '<div id="files-kept">' in answer.text
    assert "Please tick this" in answer.text


def test_a_stranger_gets_nothing(server: Server, alice: Visitor, charlie: Visitor) -> None:
    """No case, no fingerprint, no picture; wrong and unknown receipts look the same."""
    code = alice.report("http://127.0.0.1:9/p/1")

    for path in ("/desk/", "/desk/cases/1/", "/desk/rows/1/picture/", "/desk/rows/2/picture/"):
        page = charlie.get(path)
        assert page.status_code == 401
        assert "SD-" not in page.text
    for path in ("cases", "cases/1", f"notices/{code}", "hash-lists/a.example/head.json"):
        answer = requests.get(f"{server.url}/api/v1/{path}", timeout=20)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")

    wrong, unknown = code[:-1] + ("A" if code[-1] != "A" else "B"), "no code at all"
    pages = [charlie.send("/status/", form="/status/", code=typed) for typed in (wrong, unknown)]
    assert [page.status_code for page in pages] == [404, 404]
    assert _without_token(pages[0].text) == _without_token(pages[1].text)


def test_a_body_larger_than_the_limit_is_refused_before_it_is_read(server: Server) -> None:
    answer = requests.post(f"{server.url}/api/v1/check", data=b"\x00" * 65_000_000, timeout=60)

    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


def _without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)
