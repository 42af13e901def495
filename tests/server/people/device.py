"""What Bob holds: an authenticator app, and a device with a passkey."""

import base64
import json
import os
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from staydown_server.accounts.models import User
from staydown_server.people import codes, enrol
from staydown_server.people.invite import invite

PASSWORD = "four words in a row"


def app_code(secret: str, *, seconds: float = 0) -> str:
    """What the app shows, on a phone whose clock is so many *seconds* ahead."""
    app = TOTP(base64.b32decode(secret), 6, SHA1(), 30)  # noqa: S303
    return app.generate(int(codes.time.time() + seconds)).decode()


def enrolled(email: str) -> tuple[User, str, list[str]]:
    """Somebody who signs in with an app; its secret, and the codes that they keep."""
    secret = codes.new_secret()
    user, kept = enrol.enrol_with_code(
        invite(email, by="operator"), password=PASSWORD, secret=secret, code=app_code(secret)
    )
    return user, secret, kept


class Device:
    """Makes a passkey, and answers with it: WebAuthn as a browser and its device speak it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = os.urandom(32)

    def makes(self, question: dict[str, Any]) -> dict[str, Any]:
        public = ES256.from_cryptography_key(self._key.public_key())
        made = AttestedCredentialData.create(Aaguid.NONE, self._id, public)
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(self._here(question), flags, 0, made)
        told = AttestationObject.create("none", data, {})
        client = self._client("webauthn.create", question, settings.PUBLIC_URL)
        return self._answer({"clientDataJSON": client, "attestationObject": bytes(told)})

    def answers(
        self, question: dict[str, Any], *, origin: str = "", is_verified: bool = True
    ) -> dict[str, Any]:
        flags = AuthenticatorData.FLAG.UP
        if is_verified:
            flags |= AuthenticatorData.FLAG.UV
        data = AuthenticatorData.create(self._here(question), flags, 0)
        client = self._client("webauthn.get", question, origin or settings.PUBLIC_URL)
        signed = self._key.sign(bytes(data) + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": client, "authenticatorData": bytes(data), "signature": signed}
        )

    def _here(self, question: dict[str, Any]) -> bytes:
        asked = question["publicKey"]
        name = asked["rp"]["id"] if "rp" in asked else asked["rpId"]
        return sha256(name.encode()).digest()

    def _client(self, kind: str, question: dict[str, Any], origin: str) -> bytes:
        told = {"type": kind, "challenge": question["publicKey"]["challenge"], "origin": origin}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, bytes]) -> dict[str, Any]:
        name = websafe_encode(self._id)
        told = {key: websafe_encode(value) for key, value in response.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": told}
