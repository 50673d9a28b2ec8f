"""Certificates of a test's own authority, and servers of TLS before others that have none."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""How a client of PostgreSQL asks for TLS, before it says anything else."""
CHUNK = 65_536


class Issued(NamedTuple):
    """Files of one certificate, in PEM."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Issues certificates; whoever trusts `ca` believes them."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._own = self._signed(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=None))
        self.ca = folder / f"{name.replace(' ', '-')}.pem"
        self.ca.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str, *, address: str | None = None) -> Issued:
        """A certificate for a host by this name, and of this address."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if address is not None:
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        extensions = (x509.BasicConstraints(ca=False, path_length=None), x509.SubjectAlternativeName(names))
        certificate = self._signed(subject, key.public_key(), *extensions).public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        issued = Issued(*(self._folder / f"{host}.{kind}.pem" for kind in ("certificate", "key", "both")))
        for file, text in zip(issued, (certificate, private, private + certificate), strict=True):
            file.write_bytes(text)
        return issued

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())


@contextmanager
def before(target: Callable[[], socket.socket], issued: Issued, *, postgres: bool = False) -> Iterator[int]:
    """A server of TLS that passes everything on to another; answers its port.

    `postgres`: the client first asks for TLS in that protocol's own way.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def meet(plain: socket.socket) -> None:
        try:
            if postgres:
                assert plain.recv(len(SSL_REQUEST), socket.MSG_WAITALL) == SSL_REQUEST
                plain.sendall(b"S")
            secured = context.wrap_socket(plain, server_side=True)
        except (OSError, AssertionError):
            plain.close()
            return
        behind = target()
        opened.extend((secured, behind))
        for one, other in ((secured, behind), (behind, secured)):
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()

    def accept() -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                threading.Thread(target=meet, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in opened:
            one.close()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := one.recv(CHUNK):
            other.sendall(data)
    for either in (one, other):
        with contextlib.suppress(OSError):
            either.shutdown(socket.SHUT_RDWR)
