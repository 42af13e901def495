"""A directory that speaks OpenID Connect, on this machine; what it says can be spoilt."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "staydown:desk", "a secret/with signs"


class FakeDirectory:
    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.02,)).start()
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/realms/desk"
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        #: Other claims, another key, another token altogether.
        self.claims: dict[str, Any] = {}
        self.signed_by = self.key
        self.description: dict[str, Any] = {}
        self.token: Callable[[dict[str, Any]], str] | None = None
        self.status = 200
        self._asked: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sign_in(self, address: str, *, subject: str = "bob-7") -> dict[str, str]:
        """What somebody's browser brings back who went to *address* and signed in there."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{self.issuer}/auth?")
        assert asked["client_id"] == CLIENT
        code = f"code-{len(self._asked)}"
        self._asked[code] = asked | {"subject": subject}
        return {"code": code, "state": asked["state"]}

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if given != "staydown%3Adesk:a+secret%2Fwith+signs":
            return 401, {"error": "invalid_client"}
        asked = self._asked.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": asked["subject"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            "amr": ["pwd", "otp"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.token(claims) if self.token else self._signed(claims)
        return self.status, {"token_type": "Bearer", "access_token": "x", "id_token": token}

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": "RS256", "kid": "one"}
        return jwt.encode(header, claims, self.signed_by, algorithms=["RS256"])

    def _answer(self, path: str) -> tuple[int, Any]:
        if path == "/realms/desk/.well-known/openid-configuration":
            return self.status, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.description,
            }
        if path == "/realms/desk/keys":
            return 200, KeySet([self.key]).as_dict(private=False)
        return 404, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        directory = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(*directory._answer(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self._say(*directory._token(form, self.headers["Authorization"]))

            def _say(self, status: int, told: Any) -> None:
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def by_hand(claims: dict[str, Any], *, algorithm: str, secret: bytes) -> str:
    """A token as no library makes it: without a signature, or with one that proves nothing."""
    header = {"alg": algorithm, "kid": "one", "typ": "JWT"}
    signed = b".".join(_part(json.dumps(each).encode()) for each in (header, claims))
    signature = hmac.digest(secret, signed, "sha256") if secret else b""
    return b".".join((signed, _part(signature))).decode()


def _part(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def other_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
