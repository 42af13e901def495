"""An S3 that runs here."""

from collections.abc import Iterator

import pytest
import requests
from moto.server import ThreadedMotoServer


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty S3 with a bucket that is called ``uploads``."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "ours"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # What is in it belongs to the process, not to the server.
    assert requests.post(f"{url}/moto-api/reset", timeout=10).ok
    assert requests.put(f"{url}/uploads", timeout=10).ok
    yield url
    server.stop()
