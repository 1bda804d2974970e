"""Plugins that give tokens or certificates: what they are told, when they run, how they fail."""

import base64
import json
from pathlib import Path
from threading import Thread

import pytest

from k8sai.cluster.access import Endpoint, Plugin
from k8sai.cluster.plugins import PluginCredentials
from k8sai.cluster.proof import Proof
from k8sai.errors import ClusterError
from tests.cluster.login import SECURE, V1, Clock, plugin_that, runs


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
