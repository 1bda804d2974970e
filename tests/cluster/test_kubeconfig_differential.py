"""The same kubeconfig and flags, read by us, by kubectl and by the official client: all come to the same."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.access import Access, resolve
from k8sai.cluster.connect import connect
from k8sai.cluster.credentials import credentials_for
from k8sai.cluster.options import Options
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Loopback, Request, document, serving
from tests.controlplane.session import kubectl


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class Case:
    """kubeconfig files by name, and the context asked for."""

    files: dict[str, dict[str, Any]]
    context: str = ""


def config(current: str, *entries: tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "contexts": [{"name": n, "context": {"cluster": n, "user": n, **extra}} for n, _, _, extra in entries],
        "clusters": [{"name": n, "cluster": cluster} for n, cluster, _, _ in entries],
        "users": [{"name": n, "user": user} for n, _, user, _ in entries],
    }


def cases(pki: Pki) -> dict[str, Case]:
    ca, crt, key = (pki.crt("ca").read_bytes(), pki.crt("client").read_bytes(), pki.key("client").read_bytes())
    secure = {"server": "https://one.example:6443", "certificate-authority-data": b64(ca)}
    by_data = {"client-certificate-data": b64(crt), "client-key-data": b64(key)}
    by_file = {"client-certificate": "pki/client.crt", "client-key": "pki/client.key"}
    return {
        "data": Case({"a": config("x", ("x", secure, by_data, {"namespace": "team-a"}))}),
        "relative files": Case(
            {"a": config("x", ("x", {"server": "https://h", "certificate-authority": "pki/ca.crt"}, by_file, {}))}
        ),
        "token": Case({"a": config("x", ("x", secure, {"token": "secret"}, {}))}),
        "another context": Case(
            {"a": config("x", ("x", secure, {"token": "1"}, {}), ("y", secure, {"token": "2"}, {"namespace": "of-y"}))},
            "y",
        ),
        "two files": Case(
            {
                "a": config("", ("x", secure, {"token": "first"}, {})),
                "b": config("y", ("x", secure, {"token": "second"}, {}), ("y", secure, {"token": "third"}, {})),
            }
        ),
        "careless": Case(
            {"a": config("x", ("x", {"server": "https://h", "insecure-skip-tls-verify": True}, {"token": "t"}, {}))}
        ),
        "another name": Case(
            {"a": config("x", ("x", {**secure, "tls-server-name": "k.example"}, {"token": "t"}, {}))},
        ),
        "path and proxy": Case(
            {
                "a": config(
                    "x",
                    ("x", {**secure, "server": "https://h/k8s/c-1", "proxy-url": "http://p:3128"}, {"token": "t"}, {}),
                )
            }
        ),
        "token and certificate": Case({"a": config("x", ("x", secure, {"token": "t", **by_data}, {}))}),
        "names that look like numbers": Case(
            {"a": config("1e3", ("1e3", secure, {"token": "0123"}, {"namespace": "no"}))}
        ),
    }


NAMES = (
    "data", "relative files", "token", "another context", "two files", "careless", "another name", "path and proxy",
    "token and certificate", "names that look like numbers",
)  # fmt: skip


def written(case: Case, folder: Path, pki: Pki) -> dict[str, str]:
    """The files of a case on disk, and the environment that names them."""
    folder.joinpath("pki").symlink_to(pki.folder)
    for name, body in case.files.items():
        (folder / name).write_text(json.dumps(body))
    return {"KUBECONFIG": os.pathsep.join(str(folder / name) for name in case.files), "HOME": str(folder)}


def ours(access: Access) -> dict[str, Any]:
    """What matters of it, with contents instead of file names."""
    from k8sai.cluster.credentials import client_certificate

    endpoint, who = access.endpoint, access.identity
    certificate, key = client_certificate(who)
    return {
        "server": endpoint.server,
        "ca": endpoint.ca_data or (Path(endpoint.ca_file).read_bytes() if endpoint.ca_file else b""),
        "insecure": endpoint.insecure,
        "name": endpoint.tls_server_name,
        "proxy": endpoint.proxy_url,
        "token": who.token,
        "certificate": certificate,
        "key": key,
        "namespace": access.namespace,
    }


@pytest.fixture(scope="session")
def kubectl_binary() -> Path:
    found = kubectl()
    assert found is not None  # conftest.py skips what asks for it in vain
    return found


@pytest.mark.parametrize("name", NAMES)
def test_kubectl_reads_the_same(name: str, tmp_path: Path, pki: Pki, kubectl_binary: Path) -> None:
    case = cases(pki)[name]
    environ = written(case, tmp_path, pki)
    command = [str(kubectl_binary), "config", "view", "--minify", "--raw", "-o", "json"]
    command += ["--context", case.context] if case.context else []
    printed = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=True).stdout
    view = json.loads(printed)
    cluster, user, context = view["clusters"][0]["cluster"], view["users"][0]["user"], view["contexts"][0]["context"]

    def content(fields: dict[str, Any], key: str) -> bytes:
        if data := fields.get(f"{key}-data"):
            return base64.b64decode(data)
        return (tmp_path / fields[key]).read_bytes() if key in fields else b""

    theirs = {
        "server": cluster["server"],
        "ca": content(cluster, "certificate-authority"),
        "insecure": cluster.get("insecure-skip-tls-verify", False),
        "name": cluster.get("tls-server-name", ""),
        "proxy": cluster.get("proxy-url", ""),
        "token": user.get("token", ""),
        "certificate": content(user, "client-certificate"),
        "key": content(user, "client-key"),
        "namespace": context.get("namespace", "default"),
    }
    assert ours(resolve(Options(context=case.context), environ)) == theirs
    assert view["current-context"] == resolve(Options(context=case.context), environ).context


@pytest.mark.parametrize("name", NAMES)
def test_the_official_client_reads_the_same(name: str, tmp_path: Path, pki: Pki) -> None:
    from kubernetes.client import Configuration
    from kubernetes.config import load_kube_config

    case = cases(pki)[name]
    environ = written(case, tmp_path, pki)
    settings = Configuration()
    load_kube_config(  # type: ignore[no-untyped-call]
        environ["KUBECONFIG"],
        context=case.context or None,
        client_configuration=settings,
        persist_config=False,
        temp_file_path=str(tmp_path),
    )

    def content(path: str | None) -> bytes:
        return Path(path).read_bytes() if path else b""

    found = ours(resolve(Options(context=case.context), environ))
    authorization = credentials_for(resolve(Options(context=case.context), environ)).proof().authorization
    theirs = {
        "server": settings.host,
        "ca": content(settings.ssl_ca_cert),
        "insecure": not settings.verify_ssl,
        "name": settings.tls_server_name or "",
        "proxy": settings.proxy or "",
        "authorization": settings.api_key.get("BearerToken", ""),
        "certificate": content(settings.cert_file),
        "key": content(settings.key_file),
    }
    kept = {key: value for key, value in found.items() if key not in ("token", "namespace")}
    assert kept | {"authorization": authorization} == theirs


# --- the same flags, the same request ---------------------------------------------------------------------------------

FLAGS: dict[str, Callable[[Pki], tuple[dict[str, Any], tuple[str, ...], Options]]] = {
    "token of the file": lambda pki: ({"token": "filed"}, (), Options()),
    "token flag": lambda pki: ({"token": "filed"}, ("--token", "given"), Options(token="given")),
    "password": lambda pki: ({"username": "u", "password": "p:q"}, (), Options()),
    "nobody": lambda pki: (
        {"client-certificate": str(pki.crt("client")), "client-key": str(pki.key("client"))},
        (),
        Options(),
    ),
    "certificate flags": lambda pki: (
        {"token": "filed"},
        ("--client-certificate", str(pki.crt("client")), "--client-key", str(pki.key("client"))),
        Options(client_certificate=str(pki.crt("client")), client_key=str(pki.key("client"))),
    ),
    "token file": lambda pki: ({"tokenFile": "the-token"}, (), Options()),
    "token beside its file": lambda pki: ({"token": "old", "tokenFile": "the-token"}, (), Options()),
    "token file that is gone": lambda pki: ({"token": "old", "tokenFile": "no-such-token"}, (), Options()),
    "as": lambda pki: (
        {"token": "filed"},
        ("--as", "u", "--as-group", "g1", "--as-group", "g2", "--as-uid", "7"),
        Options(as_user="u", as_group=("g1", "g2"), as_uid="7"),
    ),
    "as in the file": lambda pki: (
        {"token": "filed", "as": "u", "as-groups": ["a", "b"], "as-user-extra": {"Scope/x": ["1", "2"]}},
        (),
        Options(),
    ),
    "token beside a plugin": lambda pki: (
        {"token": "filed", "exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "no-such-plugin"}},
        (),
        Options(),
    ),
}


def spoken(request: Request) -> dict[str, Any]:
    """Who a request says it is from."""
    headers = [(name.lower(), value) for name, value in request.headers]
    return {
        "authorization": [value for name, value in headers if name == "authorization"],
        "impersonate": sorted(pair for pair in headers if pair[0].startswith("impersonate-")),
        "client": request.client,
        "path": request.path,
    }


@pytest.mark.parametrize("name", FLAGS)
def test_kubectl_asks_the_same(name: str, tmp_path: Path, pki: Pki, kubectl_binary: Path) -> None:
    user, flags, options = FLAGS[name](pki)
    (tmp_path / "the-token").write_text("from-file\n")
    with serving(lambda request: document({"kind": "Probe"}), pki.server(ask_clients=True)) as loopback:
        file = tmp_path / "config"
        cluster = {"server": loopback.url, "certificate-authority": str(pki.crt("ca"))}
        file.write_text(json.dumps(config("x", ("x", cluster, user, {}))))
        environ = {**os.environ, "KUBECONFIG": str(file), "HOME": str(tmp_path), "KUBERC": "off"}
        command = [str(kubectl_binary), *flags, "get", "--raw", "/probe?x=1"]
        subprocess.run(command, env=environ, capture_output=True, check=True)
        theirs = _last(loopback)
        connection = connect(options, environ)
        connection.request("GET", "/probe", query={"x": "1"})
        connection.close()
        assert spoken(_last(loopback)) == spoken(theirs)


def _last(loopback: Loopback) -> Request:
    return loopback.requests[-1]
