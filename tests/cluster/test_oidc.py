"""OIDC, through the official client."""

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.cluster.connect import connect
from k8sai.errors import ClusterError, Usage
from tests.cluster.certificates import Pki
from tests.cluster.login import jwt, kubeconfig
from tests.cluster.loopback import Reply, Request, document, serving


@contextmanager
def identity_provider(pki: Pki, token: str) -> Iterator[tuple[str, list[Request]]]:
    """An OIDC provider that renews a token; its address and what it was asked."""

    def talk(request: Request) -> Reply:
        if request.path.startswith("/.well-known"):
            return document({"token_endpoint": f"{provider.url}/token"})
        return document(
            {"id_token": token, "refresh_token": "new-refresh", "access_token": "a", "token_type": "Bearer"}
        )

    with serving(talk, pki.server()) as provider:
        yield provider.url, provider.requests


def oidc_user(issuer: str, token: str, **more: str) -> dict[str, Any]:
    settings = {"idp-issuer-url": issuer, "client-id": "id", "client-secret": "s", "refresh-token": "old-refresh"}
    return {"auth-provider": {"name": "oidc", "config": {**settings, "id-token": token, **more}}}


def test_an_oidc_token_that_stands_is_used(tmp_path: Path, pki: Pki) -> None:
    token = jwt(time.time() + 3600)
    with serving(lambda request: document({}), pki.server()) as loopback:
        options = kubeconfig(tmp_path, loopback.url, pki, oidc_user("https://127.0.0.1:9", token))
        before = (tmp_path / "config").read_text()
        connection = connect(options, {})
        connection.request("GET", "/version")
        connection.close()
    assert loopback.requests[0].header("Authorization") == f"Bearer {token}"
    assert (tmp_path / "config").read_text() == before


def test_an_oidc_token_that_has_ended_is_renewed_and_kept(tmp_path: Path, pki: Pki) -> None:
    token = jwt(time.time() + 3600)
    with identity_provider(pki, token) as (issuer, asked), serving(lambda r: document({}), pki.server()) as loopback:
        user = oidc_user(issuer, jwt(time.time() - 60), **{"idp-certificate-authority": str(pki.crt("ca"))})
        connection = connect(kubeconfig(tmp_path, loopback.url, pki, user), {})
        connection.request("GET", "/version")
        connection.close()
    assert loopback.requests[0].header("Authorization") == f"Bearer {token}"
    assert b"refresh_token=old-refresh" in asked[-1].body
    kept = yaml.safe_load((tmp_path / "config").read_text())["users"][0]["user"]["auth-provider"]["config"]
    assert (kept["id-token"], kept["refresh-token"]) == (token, "new-refresh")
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]


@pytest.mark.filterwarnings("default")  # urllib3 would only warn
def test_an_identity_provider_nobody_vouches_for_gets_no_secret(tmp_path: Path, pki: Pki) -> None:
    with identity_provider(pki, jwt(time.time() + 3600)) as (issuer, asked):
        options = kubeconfig(tmp_path, "https://127.0.0.1:9", pki, oidc_user(issuer, jwt(time.time() - 60)))
        with pytest.raises(ClusterError, match="auth-provider oidc of user 'x' gave no token"):
            connect(options, {})
    assert asked == []


def test_providers_kubectl_dropped(tmp_path: Path, pki: Pki) -> None:
    options = kubeconfig(tmp_path, "https://127.0.0.1:9", pki, {"auth-provider": {"name": "azure"}})
    with pytest.raises(Usage, match=r"auth-provider 'azure', gone since kubectl 1\.26"):
        connect(options, {})
