"""Certificates made by the openssl command: an authority, a server, an expired server, clients."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Pki:
    """A folder with NAME.crt and NAME.key: ca, server, expired-server, other-name, client, expired-client."""

    folder: Path

    def crt(self, name: str) -> Path:
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def server(self, name: str = "server", *, ask_clients: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.crt(name), self.key(name))
        if ask_clients:
            context.load_verify_locations(self.crt("ca"))
            context.verify_mode = ssl.CERT_OPTIONAL
        return context


def make(folder: Path) -> Pki:
    """All of them, in a new folder."""
    _openssl(
        "req", "-x509", *_KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-subj", "/CN=ca", "-days", "30"
    )
    loopback = "IP:127.0.0.1,DNS:localhost"
    for name, names, days in (
        ("server", loopback, 30),
        ("expired-server", loopback, -1),
        ("other-name", "DNS:kubernetes.example", 30),
        ("client", "DNS:client", 30),
        ("expired-client", "DNS:client", -1),
    ):
        _signed(folder, name, names, days)
    return Pki(folder)


def _signed(folder: Path, name: str, names: str, days: int) -> None:
    request, extra = folder / f"{name}.csr", folder / f"{name}.ext"
    extra.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
    _openssl("req", *_KEY, "-keyout", folder / f"{name}.key", "-out", request, "-subj", f"/CN={name}")
    authority = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial")
    _openssl(
        "x509", "-req", "-in", request, *authority, "-days", days, "-extfile", extra, "-out", folder / f"{name}.crt"
    )


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
