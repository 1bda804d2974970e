"""Proofs a kubeconfig gives itself, token files, and how a connection renews them."""

import base64
from pathlib import Path

import pytest

from k8sai.cluster.access import Access, Endpoint, Identity
from k8sai.cluster.connect import connect
from k8sai.cluster.credentials import TokenFile, credentials_for
from k8sai.cluster.proof import Proof
from k8sai.errors import ClusterError, Usage
from tests.cluster.certificates import Pki
from tests.cluster.login import SECURE, Clock, exec_user, kubeconfig, plugin_that, runs
from tests.cluster.loopback import Reply, Request, document, serving, status

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


# --- over a connection ------------------------------------------------------------------------------------------------


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
