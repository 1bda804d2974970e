"""Credential plugins: commands that print an ExecCredential with a token or a client certificate.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from shlex import join
from threading import Lock
from typing import Any

from k8sai.cluster.access import Endpoint, Plugin
from k8sai.cluster.plugin_policy import check
from k8sai.cluster.proof import Proof
from k8sai.errors import ClusterError

_PATIENCE = 120.0  # seconds a plugin may take where it cannot ask anybody
_EARLY = 10.0  # seconds before its end that a credential is renewed, so that it does not end on its way
_LOGINS = {  # what logs a person in again, by the plugin's file name
    "aws": "aws sso login",
    "aws-iam-authenticator": "aws sso login",
    "gke-gcloud-auth-plugin": "gcloud auth login",
    "gcloud": "gcloud auth login",
    "kubelogin": "az login",
    "az": "az login",
    "tsh": "tsh kube login",
    "doctl": "doctl auth init",
    "oci": "oci session authenticate",
}


class PluginCredentials:
    """Runs the plugin at the first need, when its credential ends, and when the server refuses it.

    The first run may speak with the person at the terminal; later ones may not: by then a screen may be drawn there.
    """

    def __init__(
        self,
        plugin: Plugin,
        user: str,
        endpoint: Endpoint,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
        *,
        ask: bool = True,
    ) -> None:
        """`ask` says whether the terminal is the person's, so that the plugin may ask there at its first run."""
        self._plugin = plugin
        self._user = user
        self._endpoint = endpoint
        self._environ = environ
        self._clock = clock
        self._ask = ask
        self._lock = Lock()
        self._known: Proof | None = None
        self._ends = float("inf")  # epoch seconds

    def proof(self) -> Proof:
        with self._lock:
            if self._known is None or self._clock() >= self._ends - _EARLY:
                return self._run()
            return self._known

    def renew(self, refused: Proof) -> Proof | None:
        with self._lock:
            if self._known is not None and self._known != refused:
                return self._known  # another thread was quicker
            other = self._run()
            return other if other != refused else None

    def login(self) -> str:
        command = Path(self._plugin.command).name
        if (
            command == "kubelogin"
            and "get-token" in self._plugin.args
            and "--oidc-issuer-url" in " ".join(self._plugin.args)
        ):
            return f"run `{self._line()}` to see what it says"  # the OIDC plugin of the same name
        known = _LOGINS.get(command)
        return f"log in again: `{known}`" if known else f"run `{self._line()}` to see what it says"

    def _line(self) -> str:
        return join([self._plugin.command, *self._plugin.args])

    def _run(self) -> Proof:
        check(self._plugin.command, self._environ)
        interactive = self._may_ask()
        printed = self._printed(interactive)
        status = self._status(printed)
        token, certificate, key = (
            str(status.get(name) or "") for name in ("token", "clientCertificateData", "clientKeyData")
        )
        if bool(certificate) != bool(key):
            raise self._failed(
                "gave a certificate without its key" if certificate else "gave a key without its certificate"
            )
        if not token and not certificate:
            raise self._failed("gave neither a token nor a certificate")
        self._ends = self._end(status.get("expirationTimestamp"))
        self._known = Proof(f"Bearer {token}" if token else "", certificate.encode(), key.encode())
        return self._known

    def _may_ask(self) -> bool:
        mode = self._plugin.interactive_mode
        free = self._ask and self._known is None and sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not free:
            why = "standard input is not a terminal" if self._known is None else "its credential has ended"
            why = why if self._ask else "the screen has the terminal"
            raise self._failed(f"must ask somebody, but {why}", "run the command again on a terminal")
        return free and mode != "Never"

    def _printed(self, interactive: bool) -> bytes:
        first_on_terminal = self._ask and self._known is None and sys.stderr is not None and sys.stderr.isatty()
        try:
            done = subprocess.run(
                [self._plugin.command, *self._plugin.args],
                env=self._environment(interactive),
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if first_on_terminal else subprocess.PIPE,
                timeout=None if interactive else _PATIENCE,
                check=False,
            )
        except FileNotFoundError:
            hint = (
                " ".join(self._plugin.install_hint.split())
                or f"install {self._plugin.command}, or choose another --context"
            )
            raise ClusterError(
                f"user {self._user!r} logs in with {self._plugin.command}, which is not installed", hint
            ) from None
        except OSError as error:
            raise self._failed(f"cannot be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not end within {_PATIENCE:g} s") from None
        if done.returncode != 0:
            said = (done.stderr or b"").decode("utf-8", "replace").strip().splitlines()
            last = f": {said[-1].strip()[:300]}" if said else ""
            code = done.returncode
            raise self._failed(
                f"{f'failed with exit code {code}' if code > 0 else f'was ended by signal {-code}'}{last}"
            )
        return done.stdout

    def _environment(self, interactive: bool) -> dict[str, str]:
        spec: dict[str, Any] = {"interactive": interactive}
        if self._plugin.provide_cluster_info:
            spec["cluster"] = _cluster_info(self._endpoint)
        said = {"kind": "ExecCredential", "apiVersion": self._plugin.api_version, "spec": spec}
        return {**self._environ, **dict(self._plugin.env), "KUBERNETES_EXEC_INFO": json.dumps(said)}

    def _status(self, printed: bytes) -> Mapping[str, Any]:
        try:
            document = json.loads(printed)
        except ValueError:
            raise self._failed("printed something that is not JSON") from None
        if not isinstance(document, dict) or document.get("kind") != "ExecCredential":
            raise self._failed("printed something that is not an ExecCredential")
        if document.get("apiVersion") != self._plugin.api_version:
            raise self._failed(
                f"answered in {document.get('apiVersion')}, the kubeconfig wants {self._plugin.api_version}",
                "make apiVersion in the kubeconfig the same",
            )
        status = document.get("status")
        if not isinstance(status, dict):
            raise self._failed("gave no status")
        return status

    def _end(self, said: object) -> float:
        if not said:
            return float("inf")
        try:
            return datetime.fromisoformat(str(said)).timestamp()
        except ValueError:
            raise self._failed(f"gave the expirationTimestamp {said!r}, which is no time") from None

    def _failed(self, what: str, hint: str = "") -> ClusterError:
        return ClusterError(
            f"the credential plugin {self._plugin.command} of user {self._user!r} {what}", hint or self.login()
        )


def _cluster_info(endpoint: Endpoint) -> dict[str, Any]:
    """The server as a plugin is told of it; a certificate authority always as data."""
    from base64 import b64encode

    data = endpoint.ca_data
    if not data and endpoint.ca_file:
        try:
            data = Path(endpoint.ca_file).read_bytes()
        except OSError as error:
            raise ClusterError(f"cannot read the certificate authority {endpoint.ca_file}: {error.strerror}") from None
    info: dict[str, Any] = {
        "server": endpoint.server,
        "tls-server-name": endpoint.tls_server_name,
        "insecure-skip-tls-verify": endpoint.insecure,
        "certificate-authority-data": b64encode(data).decode(),
        "proxy-url": endpoint.proxy_url,
    }
    return {name: value for name, value in info.items() if value} | {"config": endpoint.plugin_config}
