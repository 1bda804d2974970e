"""Users with an auth-provider (OIDC, old GCP): the official client, imported only for them, gets their tokens."""

import os
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import Any

from k8sai.cluster.access import Access
from k8sai.cluster.proof import Proof
from k8sai.errors import ClusterError, Usage

_KNOWN = ("oidc", "gcp")
_TRUSTED = 60.0  # seconds before the official client is asked again whether its token still stands
_KEPT = ("id-token", "refresh-token", "access-token", "expiry")  # what a renewal changes in the kubeconfig


class ProviderCredentials:
    """The token the official client makes of an auth-provider; a renewed one is stored, as by kubectl."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        provider = deepcopy(dict(access.identity.auth_provider or {}))
        self._name = str(provider.get("name") or "")
        if self._name not in _KNOWN:
            raise Usage(
                f"user {access.identity.name!r} logs in with auth-provider {self._name!r}, gone since kubectl 1.26",
                "use the provider's exec plugin: `kubectl config set-credentials USER --exec-command=…`",
            )
        settings = provider.setdefault("config", {})
        self._added_authority = self._name == "oidc" and not any(
            settings.get(key) for key in ("idp-certificate-authority", "idp-certificate-authority-data")
        )
        if self._added_authority:  # without one the official client would not verify the identity provider at all
            settings["idp-certificate-authority"] = _system_authorities()
        self._provider = provider
        self._access = access
        self._clock = clock
        self._lock = Lock()
        self._known: Proof | None = None
        self._asked_at = 0.0

    def proof(self) -> Proof:
        with self._lock:
            if self._known is None or self._clock() - self._asked_at >= _TRUSTED:
                return self._ask()
            return self._known

    def renew(self, refused: Proof) -> Proof | None:
        with self._lock:
            other = self._ask()
        return other if other != refused else None

    def login(self) -> str:
        return f"log in with the identity provider of user {self._access.identity.name!r} again, as for kubectl"

    def _ask(self) -> Proof:
        before = dict(self._provider["config"])
        try:
            token = self._token()
        except Exception as error:
            said = " ".join(str(error).split())[:200]
            who = self._access.identity.name
            raise ClusterError(
                f"auth-provider {self._name} of user {who!r} gave no token: {said}", self.login()
            ) from error
        if not token:
            who = self._access.identity.name
            raise ClusterError(f"auth-provider {self._name} of user {who!r} gave no token", self.login())
        after = self._provider["config"]
        changed = {key: after[key] for key in _KEPT if key in after and after[key] != before.get(key)}
        if changed:
            _store(self._access, changed)
        self._known, self._asked_at = Proof(token), self._clock()
        return self._known

    def _token(self) -> str:
        """The Authorization header. The official client writes renewed tokens into the config it is given."""
        from kubernetes.client import Configuration
        from kubernetes.config import load_kube_config_from_dict

        one = {
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": self._access.endpoint.server}}],
            "users": [{"name": "it", "user": {"auth-provider": self._provider}}],
        }
        settings = Configuration()
        load_kube_config_from_dict(one, client_configuration=settings, persist_config=False)  # type: ignore[no-untyped-call]
        return str(settings.api_key.get("BearerToken") or "")


def _system_authorities() -> str:
    import ssl

    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.openssl_cafile  # one that does not exist fails, and nothing is sent unverified


def _store(access: Access, changed: dict[str, str]) -> None:
    """The renewed tokens into the file that has the user: refresh tokens are often good for one use only.

    Takes kubectl's lock file; where another holds it, or the file may not be written, the tokens live as long as this
    process.
    """
    import yaml

    for file in access.files:
        path = Path(file)
        document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        users = [user for user in document.get("users") or [] if user.get("name") == access.identity.name]
        if not users:
            continue
        users[0]["user"]["auth-provider"].setdefault("config", {}).update(changed)
        lock = path.with_name(path.name + ".lock")
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            return
        try:
            _replace(path, yaml.safe_dump(document, sort_keys=False))
        except OSError:
            return
        finally:
            lock.unlink(missing_ok=True)
        return


def _replace(path: Path, text: str) -> None:
    real = path.resolve()  # a link stays a link
    fresh = real.with_name(f".{real.name}.k8sai-{os.getpid()}")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, real.stat().st_mode & 0o777)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    fresh.replace(real)
