"""A certificate authority of one test session, by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
_DAYS = "30"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs what the processes of one control plane trust each other by."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.root = Pair(folder / "ca.crt", folder / "ca.key")
        _openssl("req", "-x509", *_KEY, *self._out(self.root), "-days", _DAYS, "-subj", "/CN=k8sai-tests")

    def issue(self, name: str, subject: str, names: tuple[str, ...] = ()) -> Pair:
        """A pair for servers and clients alike; `names` as openssl writes them: "DNS:localhost", "IP:127.0.0.1"."""
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        extensions = ["-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", "basicConstraints=CA:FALSE"]
        if names:
            extensions += ["-addext", f"subjectAltName={','.join(names)}"]
        signer = ("-CA", str(self.root.certificate), "-CAkey", str(self.root.key))
        _openssl("req", "-x509", *signer, *_KEY, *self._out(pair), "-days", _DAYS, "-subj", subject, *extensions)
        return pair

    @staticmethod
    def _out(pair: Pair) -> tuple[str, ...]:
        return "-out", str(pair.certificate), "-keyout", str(pair.key)


def _openssl(*arguments: str) -> None:
    done = subprocess.run(("openssl", *arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.strip()}")
