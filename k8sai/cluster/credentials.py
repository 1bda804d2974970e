"""Which credentials a kubeconfig entry stands for, and the two that need no program: fixed ones and a token file."""

import os
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from k8sai.cluster.access import Access, Identity
from k8sai.cluster.proof import Credentials, Proof
from k8sai.errors import ClusterError, Usage

_REREAD = 60.0  # seconds a token file is trusted; kubelet replaces projected tokens well before they end


class Fixed:
    """Credentials that stand in the kubeconfig: nothing to renew."""

    def __init__(self, proof: Proof, login: str) -> None:
        self._proof = proof
        self._login = login

    def proof(self) -> Proof:
        return self._proof

    def renew(self, refused: Proof) -> Proof | None:
        return None

    def login(self) -> str:
        return self._login


class TokenFile:
    """A bearer token somebody else keeps fresh in a file; `certificate` and `key` go with it."""

    def __init__(self, path: str, beside: Proof, otherwise: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._beside = beside
        self._otherwise = otherwise
        self._clock = clock
        self._lock = Lock()
        self._known = ""
        self._read_at = float("-inf")

    def proof(self) -> Proof:
        with self._lock:
            if self._clock() - self._read_at >= _REREAD:
                self._read()
            return self._shown()

    def renew(self, refused: Proof) -> Proof | None:
        with self._lock:
            self._read()
            shown = self._shown()
        return shown if shown != refused else None

    def login(self) -> str:
        return f"the token file {self._path} holds an old token: have it written again"

    def _shown(self) -> Proof:
        return Proof(f"Bearer {self._known}", self._beside.certificate, self._beside.key)

    def _read(self) -> None:
        try:
            token = Path(self._path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            token = self._known or self._otherwise
            if not token:
                reason = error.strerror if isinstance(error, OSError) else "not text"
                raise ClusterError(
                    f"cannot read the token file {self._path}: {reason}", "check tokenFile in the kubeconfig"
                ) from None
        if not token:
            raise ClusterError(f"the token file {self._path} is empty", "have it written again")
        self._known, self._read_at = token, self._clock()


def credentials_for(access: Access, environ: Mapping[str, str] = os.environ, *, ask: bool = True) -> Credentials:
    """Where this identity's proof comes from. A plugin or the official client is asked at the first `proof()`.

    `ask` says whether a plugin may ask the person on the terminal.
    """
    who = access.identity
    if not access.endpoint.secure:  # as kubectl: no secret ever goes over plain http
        return Fixed(Proof(), "nobody is named over plain http: use an https:// server")
    certificate, key = client_certificate(who)
    beside = Proof("", certificate, key)
    if who.token_file:
        return TokenFile(who.token_file, beside, who.token)
    if who.token:
        return Fixed(Proof(f"Bearer {who.token}", certificate, key), _new_token(who))
    if who.username or who.password:
        basic = b64encode(f"{who.username}:{who.password}".encode()).decode()
        return Fixed(Proof(f"Basic {basic}", certificate, key), f"check username and password of user {who.name!r}")
    if certificate:
        return Fixed(beside, f"get a new client certificate for user {who.name!r} from whoever runs the cluster")
    if who.plugin:
        from k8sai.cluster.plugins import PluginCredentials

        return PluginCredentials(who.plugin, who.name, access.endpoint, environ, ask=ask)
    if who.auth_provider:
        from k8sai.cluster.auth_provider import ProviderCredentials

        return ProviderCredentials(access)
    return Fixed(Proof(), f"context {access.context!r} names nobody: give --user or --token")


def client_certificate(who: Identity) -> tuple[bytes, bytes]:
    """The certificate chain and its key, PEM, from data or files; both empty where there is none."""
    if not (who.certificate_file or who.certificate_data):
        return b"", b""
    return (
        who.certificate_data or _file(who.certificate_file, "client certificate"),
        who.key_data or _file(who.key_file, "client key"),
    )


def _file(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Usage(f"cannot read the {what} {path}: {error.strerror or os.strerror(error.errno or 0)}") from None


def _new_token(who: Identity) -> str:
    return (
        f"`kubectl config set-credentials {who.name or 'USER'} --token=…` stores a new token; --token gives one for now"
    )
