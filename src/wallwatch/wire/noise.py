"""WhatsApp's variant of Noise_XX_25519_AESGCM_SHA256, both sides, as far as the server's proof of itself.

It departs from the Noise specification in one place: the empty payload of the client's hello is not mixed
into the handshake hash, so stock Noise libraries fail on it. A probe stops after the ServerHello; the third
message, which would authenticate a client, is not built here.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from wallwatch.wire import whatsapp
from wallwatch.wire.whatsapp_certificate import CertChain, decode_chain

_PROTOCOL_NAME = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\x00")  # 32 bytes: used as the hash itself


class NotAuthentic(ValueError):  # noqa: N818 - says what happened, like Incomplete
    """A message parses, but its tag does not fit: another key, or bytes changed on the way."""


class ServerHello(Struct, frozen=True):
    """What the server sent, decrypted. The chain is parsed but not verified: `verify_chain` does that."""

    static: bytes  # 32 bytes
    certificate_chain: CertChain


class Initiator:
    """A client's side of one handshake."""

    def __init__(self, prologue: bytes, ephemeral_private: bytes) -> None:
        """`prologue` is the 4 header bytes; `ephemeral_private` 32 fresh random bytes."""
        self._header = prologue
        self._state = _SymmetricState(prologue)
        self._ephemeral = X25519PrivateKey.from_private_bytes(ephemeral_private)

    def client_hello(self) -> bytes:
        """The first flight, header and frame included: 43 bytes. To be called once."""
        public = self._ephemeral.public_key().public_bytes_raw()
        self._state.mix_hash(public)
        return self._header + whatsapp.frame(whatsapp.encode_client_hello(whatsapp.ClientHello(public)))

    def read_server_hello(self, message: bytes) -> ServerHello:
        """Open the answer (one frame, without its length), after `client_hello`.

        ValueError if it does not parse, NotAuthentic if it was not made for this handshake.
        """
        hello = whatsapp.decode_server_hello(message)
        self._state.mix_hash(hello.ephemeral)
        self._state.mix_key(_agree(self._ephemeral, hello.ephemeral))
        static = self._state.decrypt(hello.static)
        self._state.mix_key(_agree(self._ephemeral, static))
        return ServerHello(static, decode_chain(self._state.decrypt(hello.payload)))


class Responder:
    """A server's side of one handshake, for the lab's doubles."""

    def __init__(self, prologue: bytes, static_private: bytes, ephemeral_private: bytes) -> None:
        """`prologue` is the header as the client sent it; both keys are 32 bytes."""
        self._state = _SymmetricState(prologue)
        self._static = X25519PrivateKey.from_private_bytes(static_private)
        self._ephemeral = X25519PrivateKey.from_private_bytes(ephemeral_private)

    def server_hello(self, message: bytes, certificate_chain: bytes) -> bytes:
        """Answer a client's hello (one frame, without its length): the ServerHello, framed.

        ValueError if the hello does not parse. A resumed session's (IK) hello is answered as if it were XX.
        """
        theirs = whatsapp.decode_client_hello(message).ephemeral
        public = self._ephemeral.public_key().public_bytes_raw()
        self._state.mix_hash(theirs)
        self._state.mix_hash(public)
        self._state.mix_key(_agree(self._ephemeral, theirs))
        static = self._state.encrypt(self._static.public_key().public_bytes_raw())
        self._state.mix_key(_agree(self._static, theirs))
        payload = self._state.encrypt(certificate_chain)
        hello = whatsapp.ServerHello(public, static, payload)
        return whatsapp.frame(whatsapp.encode_server_hello(hello))


class _SymmetricState:
    """Noise's symmetric state: the handshake hash, the chaining key, the cipher and its counter."""

    def __init__(self, prologue: bytes) -> None:
        self._hash = self._chaining_key = _PROTOCOL_NAME
        self._cipher: AESGCM | None = None
        self._counter = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def mix_key(self, shared: bytes) -> None:
        output = HKDF(SHA256(), 64, salt=self._chaining_key, info=b"").derive(shared)
        self._chaining_key = output[:32]
        self._cipher = AESGCM(output[32:])
        self._counter = 0

    def encrypt(self, plain: bytes) -> bytes:
        cipher, nonce = self._next()
        sealed = cipher.encrypt(nonce, plain, self._hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed: bytes) -> bytes:
        cipher, nonce = self._next()
        try:
            plain = cipher.decrypt(nonce, sealed, self._hash)
        except InvalidTag:
            raise NotAuthentic("the tag of an encrypted part does not fit") from None
        self.mix_hash(sealed)
        return plain

    def _next(self) -> tuple[AESGCM, bytes]:
        if self._cipher is None:
            raise ValueError("nothing can be encrypted before a key is agreed")
        nonce = bytes(4) + self._counter.to_bytes(8, "big")
        self._counter += 1
        return self._cipher, nonce


def _agree(private: X25519PrivateKey, public: bytes) -> bytes:
    """X25519. ValueError for a wrong length and for the points that give an all-zero secret."""
    return private.exchange(X25519PublicKey.from_public_bytes(public))
