"""Where proofs come from: token files, plugins that give tokens or certificates, and the official client for OIDC."""

import base64
import json
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from k8sai.cluster.access import Access, Endpoint, Identity, Plugin
from k8sai.cluster.connect import connect
from k8sai.cluster.credentials import TokenFile, credentials_for
from k8sai.cluster.expiry import certificate_end, ended, token_end
from k8sai.cluster.options import Options
from k8sai.cluster.plugins import PluginCredentials
from k8sai.cluster.proof import Proof
from k8sai.cluster.tls import tls_context
from k8sai.errors import ClusterError, Usage
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Reply, Request, document, serving, status

SECURE = Endpoint("https://one.example:6443")
V1 = "client.authentication.k8s.io/v1"


@pytest.fixture(autouse=True)
def _no_preferences_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERC", "off")


class Clock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def answer(api_version: str = V1, **fields: object) -> dict[str, object]:
    return {"kind": "ExecCredential", "apiVersion": api_version, "status": fields}


def plugin_that(folder: Path, body: str, **settings: Any) -> Plugin:
    """A plugin in Python: `body` runs with `info` (KUBERNETES_EXEC_INFO), `runs` (how often before) and `give`."""
    script = folder / "login"
    script.write_text(
        f"#!{sys.executable} -S\n"
        "import json, os, sys\n"
        f"log = {str(folder / 'runs')!r}\n"
        "runs = len(open(log).readlines()) if os.path.exists(log) else 0\n"
        "open(log, 'a').write('run\\n')\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "def give(**status):\n"
        "    print(json.dumps({'kind': 'ExecCredential', 'apiVersion': info['apiVersion'], 'status': status}))\n" + body
    )
    script.chmod(0o755)
    return Plugin(**{"command": str(script), "api_version": V1, **settings})


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


# --- what the kubeconfig says itself ----------------------------------------------------------------------------------


def test_no_secret_goes_over_plain_http() -> None:
    access = Access("x", "default", Endpoint("http://h"), Identity(token="secret"))
    assert credentials_for(access).proof() == Proof()


def test_a_password_is_basic() -> None:
    access = Access("x", "default", SECURE, Identity(username="u", password="p:ä"))
    assert credentials_for(access).proof().authorization == "Basic " + base64.b64encode("u:p:ä".encode()).decode()


def test_a_certificate_file_that_is_missing() -> None:
    who = Identity(certificate_file="/no/crt", key_file="/no/key")
    with pytest.raises(Usage, match="cannot read the client certificate /no/crt: No such file or directory"):
        credentials_for(Access("x", "default", SECURE, who))


# --- token files ------------------------------------------------------------------------------------------------------


def test_a_token_file_is_read_again_after_a_minute(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Clock()
    file.write_text("one\n")
    credentials = TokenFile(str(file), Proof(), "", clock)
    assert credentials.proof().authorization == "Bearer one"
    file.write_text("two\n")
    clock.now += 59
    assert credentials.proof().authorization == "Bearer one"
    clock.now += 1
    assert credentials.proof().authorization == "Bearer two"


def test_a_refused_token_is_read_again_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    credentials = TokenFile(str(file), Proof(), "")
    refused = credentials.proof()
    assert credentials.renew(refused) is None  # still the same: asking again with it is of no use
    file.write_text("two")
    renewed = credentials.renew(refused)
    assert renewed is not None
    assert renewed.authorization == "Bearer two"


def test_a_token_file_that_goes_away_leaves_its_last_token(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Clock()
    file.write_text("one")
    credentials = TokenFile(str(file), Proof(), "", clock)
    credentials.proof()
    file.unlink()
    clock.now += 3600
    assert credentials.proof().authorization == "Bearer one"


@pytest.mark.parametrize(("content", "said"), [(None, "cannot read the token file"), ("\n", "is empty")])
def test_a_token_file_without_a_token(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    with pytest.raises(ClusterError, match=said):
        TokenFile(str(tmp_path / "token"), Proof(), "").proof()


# --- plugins ----------------------------------------------------------------------------------------------------------


def test_a_plugin_is_told_of_the_cluster_and_gives_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "outer")
    plugin = plugin_that(
        tmp_path,
        "give(token=json.dumps([sys.argv[1:], os.environ['INNER'], os.environ['FROM_OUTSIDE'], info]))",
        args=("get", "token"),
        env=(("INNER", "inner"),),
        provide_cluster_info=True,
    )
    (tmp_path / "ca").write_bytes(b"CA")
    endpoint = Endpoint(
        "https://h:1",
        ca_file=str(tmp_path / "ca"),
        tls_server_name="n",
        proxy_url="http://p:1",
        plugin_config={"k": ["v"]},
    )
    token = PluginCredentials(plugin, "u", endpoint).proof().authorization.removeprefix("Bearer ")
    args, inner, outer, info = json.loads(token)
    assert (args, inner, outer) == (["get", "token"], "inner", "outer")
    assert info == {
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://h:1",
                "tls-server-name": "n",
                "certificate-authority-data": base64.b64encode(b"CA").decode(),
                "proxy-url": "http://p:1",
                "config": {"k": ["v"]},
            },
        },
    }


def test_a_plugin_is_not_told_of_the_cluster_unasked(tmp_path: Path) -> None:
    plugin = plugin_that(tmp_path, "give(token='cluster' in info['spec'] and 'told' or 'untold')")
    assert PluginCredentials(plugin, "u", SECURE).proof().authorization == "Bearer untold"


def test_a_plugin_runs_again_only_when_its_credential_ends(tmp_path: Path) -> None:
    clock = Clock()
    plugin = plugin_that(tmp_path, "give(token=f't{runs}', expirationTimestamp='1970-01-12T14:46:40Z')")  # 1_003_600
    credentials = PluginCredentials(plugin, "u", SECURE, clock=clock)
    assert [credentials.proof().authorization for _ in range(3)] == ["Bearer t0"] * 3
    clock.now = 1_003_600 - 11
    assert credentials.proof().authorization == "Bearer t0"
    clock.now += 1
    assert credentials.proof().authorization == "Bearer t1"


def test_threads_refused_together_run_the_plugin_once(tmp_path: Path) -> None:
    credentials = PluginCredentials(plugin_that(tmp_path, "give(token=f't{runs}')"), "u", SECURE)
    refused = credentials.proof()
    found: list[Proof | None] = []
    threads = [Thread(target=lambda: found.append(credentials.renew(refused))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Proof("Bearer t1")] * 5
    assert runs(tmp_path) == 2


def test_a_plugin_that_gives_the_same_again_is_no_help(tmp_path: Path) -> None:
    credentials = PluginCredentials(plugin_that(tmp_path, "give(token='same')"), "u", SECURE)
    assert credentials.renew(credentials.proof()) is None


def test_the_old_version_is_spoken_too(tmp_path: Path) -> None:
    version = "client.authentication.k8s.io/v1beta1"
    plugin = plugin_that(tmp_path, "give(token=info['apiVersion'])", api_version=version)
    assert PluginCredentials(plugin, "u", SECURE).proof().authorization == f"Bearer {version}"


def test_a_plugin_that_is_not_installed_says_how_to_get_it() -> None:
    plugin = Plugin("no-such-login-plugin", V1, install_hint="Install it:\n\n  brew install login")
    with pytest.raises(ClusterError) as caught:
        PluginCredentials(plugin, "dev", SECURE).proof()
    assert caught.value.message == "user 'dev' logs in with no-such-login-plugin, which is not installed"
    assert caught.value.hint == "Install it: brew install login"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('hello')", "printed something that is not JSON"),
        ("print('[]')", "printed something that is not an ExecCredential"),
        ("print(json.dumps({'kind': 'ExecCredential', 'apiVersion': info['apiVersion']}))", "gave no status"),
        (
            "info['apiVersion'] += 'beta1'; give(token='t')",
            "answered in client.authentication.k8s.io/v1beta1, the kubeconfig",
        ),
        ("give()", "gave neither a token nor a certificate"),
        ("give(clientCertificateData='c')", "gave a certificate without its key"),
        ("give(clientKeyData='k')", "gave a key without its certificate"),
        ("give(token='t', expirationTimestamp='soon')", "gave the expirationTimestamp 'soon', which is no time"),
        ("sys.exit('first line\\nyour session has ended\\n')", "failed with exit code 1: your session has ended"),
    ],
)
def test_plugins_that_fail(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ClusterError) as caught:
        PluginCredentials(plugin_that(tmp_path, body, args=("a b",)), "u", SECURE).proof()
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_known_plugin_names_its_login() -> None:
    assert PluginCredentials(Plugin("/opt/bin/aws", V1), "u", SECURE).login() == "log in again: `aws sso login`"
    unknown = PluginCredentials(Plugin("my-login", V1, args=("a b",)), "u", SECURE)
    assert unknown.login() == "run `my-login 'a b'` to see what it says"


def test_a_plugin_that_must_ask_needs_a_terminal(tmp_path: Path) -> None:
    plugin = plugin_that(tmp_path, "give(token='t')", interactive_mode="Always")
    with pytest.raises(ClusterError, match="must ask somebody, but standard input is not a terminal"):
        PluginCredentials(plugin, "u", SECURE).proof()
    assert not (tmp_path / "runs").exists()


def test_a_file_that_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "login").write_text("give")
    with pytest.raises(ClusterError, match="cannot be run: Permission denied"):
        PluginCredentials(Plugin(str(tmp_path / "login"), V1), "u", SECURE).proof()


# --- which plugins may run --------------------------------------------------------------------------------------------


def preferring(folder: Path, **fields: Any) -> dict[str, str]:
    """An environment whose kuberc has these fields."""
    (folder / "kuberc").write_text(
        "---\n" + yaml.safe_dump({"apiVersion": "kubectl.config.k8s.io/v1beta1", "kind": "Preference", **fields})
    )
    return {"KUBERC": str(folder / "kuberc"), "HOME": str(folder)}


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("", None),
        ("AllowAll", None),
        ("Allowlist", [{"command": "other"}, {"command": "{}"}]),
        ("Allowlist", [{"name": "{}"}]),
    ],
)
def test_a_plugin_that_may_run(tmp_path: Path, policy: str, allowed: list[dict[str, str]] | None) -> None:
    plugin = plugin_that(tmp_path, "give(token='t')")
    fields: dict[str, Any] = {"credentialPluginPolicy": policy} if policy else {}
    if allowed:
        listed = [{key: value.format(plugin.command) for key, value in entry.items()} for entry in allowed]
        fields["credentialPluginAllowlist"] = listed
    assert PluginCredentials(plugin, "u", SECURE, preferring(tmp_path, **fields)).proof().authorization == "Bearer t"


def test_a_plugin_found_on_the_path_is_the_one_it_leads_to(tmp_path: Path) -> None:
    plugin = plugin_that(tmp_path, "give(token='t')")
    allowed = [{"command": plugin.command}]
    environ = preferring(tmp_path, credentialPluginPolicy="Allowlist", credentialPluginAllowlist=allowed)
    short = Plugin("login", V1)
    assert PluginCredentials(short, "u", SECURE, environ | {"PATH": str(tmp_path)}).proof().authorization == "Bearer t"


@pytest.mark.parametrize(
    "fields",
    [
        {"credentialPluginPolicy": "DenyAll"},
        {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": [{"command": "other"}]},
    ],
)
def test_a_plugin_that_may_not_run_does_not(tmp_path: Path, fields: dict[str, Any]) -> None:
    plugin = plugin_that(tmp_path, "give(token='t')")
    environ = preferring(tmp_path, **fields)
    with pytest.raises(ClusterError, match=r"does not let the credential plugin .*/login run") as caught:
        PluginCredentials(plugin, "u", SECURE, environ).proof()
    assert caught.value.hint == f"allow it in {tmp_path}/kuberc"
    assert not (tmp_path / "runs").exists()
    assert PluginCredentials(plugin, "u", SECURE, environ | {"KUBERC": "off"}).proof()


def test_the_policy_lies_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "kuberc").write_text("kind: Preference\ncredentialPluginPolicy: DenyAll\n")
    with pytest.raises(ClusterError, match="does not let"):
        PluginCredentials(Plugin("any", V1), "u", SECURE, {"HOME": str(tmp_path)}).proof()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Preference\ncredentialPluginPolicy: Some\n", "credentialPluginPolicy is 'Some'"),
        ("kind: Preference\ncredentialPluginPolicy: Allowlist\n", "contradict each other"),
        ("kind: Preference\ncredentialPluginAllowlist: [{command: x}]\n", "contradict each other"),
        ("kind: Preference\ncredentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{}]\n", "not a command"),
        ("a: [", "which says which credential plugins may run"),
    ],
)
def test_preferences_that_cannot_be_kept_to(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "kuberc").write_text(text)
    with pytest.raises(Usage, match=said):
        PluginCredentials(Plugin("any", V1), "u", SECURE, {"KUBERC": str(tmp_path / "kuberc")}).proof()


# --- over a connection ------------------------------------------------------------------------------------------------


def kubeconfig(folder: Path, server: str, pki: Pki, user: dict[str, Any]) -> Options:
    file = folder / "config"
    cluster = {"server": server, "certificate-authority": str(pki.crt("ca"))}
    document = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": cluster}],
        "users": [{"name": "x", "user": user}],
    }
    file.write_text(yaml.safe_dump(document))
    file.chmod(0o600)
    return Options(kubeconfig=str(file))


def exec_user(plugin: Plugin) -> dict[str, Any]:
    return {"exec": {"command": plugin.command, "apiVersion": plugin.api_version, "interactiveMode": "Never"}}


def test_a_refused_token_is_renewed_once(tmp_path: Path, pki: Pki) -> None:
    plugin = plugin_that(tmp_path, "give(token=f't{runs}')")

    def only_t1(request: Request) -> Reply:
        good = request.header("Authorization") == "Bearer t1"
        return document({}) if good else status(401, "Unauthorized", "Unauthorized")

    with serving(only_t1, pki.server()) as loopback:
        connection = connect(kubeconfig(tmp_path, loopback.url, pki, exec_user(plugin)), {})
        assert connection.request("GET", "/version").status == 200
        assert connection.request("GET", "/version").status == 200
        connection.close()
    assert [request.header("Authorization") for request in loopback.requests] == ["Bearer t0", "Bearer t1", "Bearer t1"]


def test_credentials_that_stay_refused_end_it(tmp_path: Path, pki: Pki) -> None:
    plugin = plugin_that(tmp_path, "give(token=f't{runs}')")
    with serving(lambda request: status(401, "Unauthorized", "Unauthorized"), pki.server()) as loopback:
        connection = connect(kubeconfig(tmp_path, loopback.url, pki, exec_user(plugin)), {})
        with pytest.raises(ClusterError) as caught:
            connection.request("GET", "/version")
        connection.close()
    assert caught.value.message == f"{loopback.url} does not accept the credentials of context 'x' (401)"
    assert caught.value.hint == f"run `{plugin.command}` to see what it says"
    assert (len(loopback.requests), runs(tmp_path)) == (2, 2)


def test_a_forbidden_request_does_not_run_the_plugin_again(tmp_path: Path, pki: Pki) -> None:
    plugin = plugin_that(tmp_path, "give(token='t')")
    with serving(lambda request: status(403, "Forbidden", "no"), pki.server()) as loopback:
        connection = connect(kubeconfig(tmp_path, loopback.url, pki, exec_user(plugin)), {})
        with pytest.raises(Exception, match="forbids it"):
            connection.request("GET", "/version")
        connection.close()
    assert (len(loopback.requests), runs(tmp_path)) == (1, 1)


def test_a_certificate_of_a_plugin_is_shown_and_a_new_one_takes_its_place(tmp_path: Path, pki: Pki) -> None:
    body = f"""
name = 'client' if runs == 0 else 'server'
read = lambda end: open({str(pki.folder)!r} + '/' + name + end).read()
give(clientCertificateData=read('.crt'), clientKeyData=read('.key'))
"""
    plugin = plugin_that(tmp_path, body)

    def only_server(request: Request) -> Reply:
        return document({}) if request.client == "server" else status(401, "Unauthorized", "Unauthorized")

    with serving(only_server, pki.server(ask_clients=True)) as loopback:
        connection = connect(kubeconfig(tmp_path, loopback.url, pki, exec_user(plugin)), {})
        connection.request("GET", "/version")
        connection.close()
    assert [request.client for request in loopback.requests] == ["client", "server"]


# --- OIDC, through the official client --------------------------------------------------------------------------------


def jwt(end: float) -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': int(end)})}.c2ln"


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


# --- keys and ends ----------------------------------------------------------------------------------------------------


def test_a_key_given_as_data_leaves_no_file(tmp_path: Path, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    certificate, key = pki.crt("client").read_bytes(), pki.key("client").read_bytes()
    tls_context(SECURE, certificate, key)
    monkeypatch.delattr("os.memfd_create", raising=False)  # as where the system has no memory files
    tls_context(SECURE, certificate, key)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_belongs_to_another_certificate(pki: Pki) -> None:
    with pytest.raises(Usage, match="the client certificate cannot be used: key values mismatch"):
        tls_context(SECURE, pki.crt("client").read_bytes(), pki.key("server").read_bytes())


def test_an_authority_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("hello")
    with pytest.raises(Usage, match="holds no certificate"):
        tls_context(Endpoint("https://h", ca_file=str(tmp_path / "ca")))
    with pytest.raises(Usage, match="cannot read the certificate authority /no/ca: No such file"):
        tls_context(Endpoint("https://h", ca_file="/no/ca"))


def test_ends_are_read_from_tokens_and_certificates(pki: Pki) -> None:
    assert token_end(f"Bearer {jwt(1_000_000_000)}") is not None
    assert ended(f"Bearer {jwt(1_000_000_000)}", b"") == "the token ended on 2001-09-09 at 01:46 UTC"
    assert ended(f"Bearer {jwt(time.time() + 60)}", pki.crt("client").read_bytes()) == ""
    assert ended("", pki.crt("expired-client").read_bytes()).startswith("the client certificate ended on ")


@pytest.mark.parametrize("name", ["ca", "client", "expired-client"])
def test_the_end_of_a_certificate_is_what_openssl_reads(pki: Pki, name: str) -> None:
    import subprocess

    said = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-in", str(pki.crt(name))], capture_output=True, text=True, check=True
    ).stdout
    end = certificate_end(pki.crt(name).read_bytes())
    assert end is not None
    assert f"notAfter={end:%b} {end.day:2} {end:%H:%M:%S %Y} GMT" == said.strip()


@pytest.mark.parametrize("text", ["", "Bearer opaque", "Bearer a.b.c", "Bearer e30.e30.x", "Basic dTpw"])
def test_tokens_that_say_nothing_of_their_end(text: str) -> None:
    assert token_end(text) is None


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"])
def test_certificates_that_cannot_be_read(pem: bytes) -> None:
    assert certificate_end(pem) is None
