"""kubeconfig files: merging, precedences, and every way a file can be wrong, as one sentence."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.access import Access, resolve
from k8sai.cluster.kubeconfig import load
from k8sai.cluster.options import Options, timeout_seconds
from k8sai.errors import Exit, Usage


def kubeconfig(
    *contexts: str,
    current: Any = "",
    server: Any = "https://one:6443",
    user: Any = None,
    **cluster: Any,
) -> str:
    """A context, cluster and user of each name; "name/namespace" gives the context a namespace."""
    names = [text.partition("/")[0] for text in contexts]
    spaces = {text.partition("/")[0]: text.partition("/")[2] for text in contexts}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "contexts": [
                {"name": n, "context": {"cluster": n, "user": n} | ({"namespace": spaces[n]} if spaces[n] else {})}
                for n in names
            ],
            "clusters": [{"name": n, "cluster": {"server": server, **cluster}} for n in names],
            "users": [{"name": n, "user": user or {"token": f"token-of-{n}"}} for n in names],
        }
    )


def at(tmp_path: Path, text: str, name: str = "config", **options: Any) -> Access:
    """What a file with this text and these flags give."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return resolve(Options(kubeconfig=str(file), **options), {})


def refused(tmp_path: Path, text: str, **options: Any) -> Usage:
    with pytest.raises(Usage) as caught:
        at(tmp_path, text, **options)
    assert caught.value.exit == Exit.USAGE
    assert "\n" not in caught.value.message
    return caught.value


# --- which files ------------------------------------------------------------------------------------------------------


def test_of_several_files_the_first_has_the_word_for_each_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(kubeconfig("shared/from-a", server="https://a"))
    (tmp_path / "b").write_text(kubeconfig("shared/from-b", "only-b", current="only-b", server="https://b"))
    (tmp_path / "c").write_text(kubeconfig("only-c", current="only-c", server="https://c"))
    listed = ":".join(["", str(tmp_path / "missing"), *(str(tmp_path / name) for name in "abca")])
    config = load("", {"KUBECONFIG": listed})
    assert config.current_context == "only-b"  # the first file that has one, not the first file
    assert sorted(config.contexts) == ["only-b", "only-c", "shared"]
    assert config.clusters["shared"].text("server") == "https://a"
    assert config.missing == (str(tmp_path / "missing"),)
    assert resolve(Options(context="shared"), {"KUBECONFIG": listed}).namespace == "from-a"


def test_an_entry_is_never_mixed_from_two_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(kubeconfig("x", current="x", user={"username": "u"}))
    (tmp_path / "b").write_text(kubeconfig("x", user={"token": "t", "username": "other"}))
    found = resolve(Options(), {"KUBECONFIG": f"{tmp_path / 'a'}:{tmp_path / 'b'}"})
    assert (found.identity.username, found.identity.token) == ("u", "")


def test_home_has_the_file_when_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(kubeconfig("home", current="home"))
    assert resolve(Options(), {"HOME": str(tmp_path)}).context == "home"
    assert resolve(Options(), {"HOME": str(tmp_path), "KUBECONFIG": ""}).context == "home"


def test_kubeconfig_flag_leaves_the_environment_out(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(kubeconfig("env", current="env"))
    (tmp_path / "flag").write_text(kubeconfig("flag", current="flag"))
    found = resolve(Options(kubeconfig=str(tmp_path / "flag")), {"KUBECONFIG": str(tmp_path / "env")})
    assert found.context == "flag"


def test_paths_start_where_their_file_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        text = kubeconfig(
            name,
            current=name,
            user={"tokenFile": "secrets/token", "client-certificate": "/abs/crt", "client-key": "../key"},
            **{"certificate-authority": "ca.crt"},
        )
        (tmp_path / name / "config").write_text(text)
    listed = f"{tmp_path}/one/config:{tmp_path}/two/config"
    found = resolve(Options(context="two"), {"KUBECONFIG": listed})
    assert found.endpoint.ca_file == f"{tmp_path}/two/ca.crt"
    assert found.identity.token_file == f"{tmp_path}/two/secrets/token"
    assert found.identity.certificate_file == "/abs/crt"
    assert found.identity.key_file == f"{tmp_path}/key"


@pytest.mark.parametrize(
    ("command", "found"),
    [("aws", "aws"), ("./bin/login", "{}/bin/login"), ("bin/login", "{}/bin/login"), ("/x/y", "/x/y")],
)
def test_a_plugin_is_beside_its_file_only_when_it_has_a_slash(tmp_path: Path, command: str, found: str) -> None:
    plugin = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": command}}
    access = at(tmp_path, kubeconfig("x", current="x", user=plugin))
    assert access.identity.plugin is not None
    assert access.identity.plugin.command == found.format(tmp_path)


# --- flags over entries -----------------------------------------------------------------------------------------------


def test_context_flag_brings_its_own_namespace(tmp_path: Path) -> None:
    text = kubeconfig("prod/prod-space", "dev/dev-space", "bare", current="prod")
    assert at(tmp_path, text).namespace == "prod-space"
    assert at(tmp_path, text, context="dev").namespace == "dev-space"
    assert at(tmp_path, text, context="bare").namespace == "default"
    assert at(tmp_path, text, context="dev", namespace="mine").namespace == "mine"


def test_cluster_and_user_flags_take_other_entries(tmp_path: Path) -> None:
    found = at(tmp_path, kubeconfig("a/of-a", "b", current="a"), cluster="b", user="b")
    assert (found.context, found.namespace, found.identity.token) == ("a", "of-a", "token-of-b")


def test_server_flag_forgets_the_name_expected_of_the_other_server(tmp_path: Path) -> None:
    text = kubeconfig("x", current="x", **{"tls-server-name": "old.example", "certificate-authority-data": "Q0E="})
    assert at(tmp_path, text).endpoint.tls_server_name == "old.example"
    moved = at(tmp_path, text, server="https://new:1/")
    assert (moved.endpoint.server, moved.endpoint.tls_server_name, moved.endpoint.ca_data) == (
        "https://new:1",
        "",
        b"CA",
    )
    assert at(tmp_path, text, server="https://new:1", tls_server_name="n").endpoint.tls_server_name == "n"


def test_trust_flags_replace_all_the_file_says_of_trust(tmp_path: Path) -> None:
    trusting = kubeconfig("x", current="x", **{"certificate-authority-data": "Q0E="})
    found = at(tmp_path, trusting, insecure_skip_tls_verify=True).endpoint
    assert (found.insecure, found.ca_data, found.ca_file) == (True, b"", "")
    careless = kubeconfig("x", current="x", **{"insecure-skip-tls-verify": True})
    found = at(tmp_path, careless, certificate_authority="/ca").endpoint
    assert (found.insecure, found.ca_file) == (False, "/ca")


def test_token_flag_wins_over_file_and_plugin(tmp_path: Path) -> None:
    who = at(tmp_path, kubeconfig("x", current="x", user={"token": "a", "tokenFile": "b"}), token="mine").identity
    assert (who.token, who.token_file) == ("mine", "")


def test_certificate_flags_replace_data(tmp_path: Path) -> None:
    user = {"client-certificate-data": "QQ==", "client-key-data": "Qg=="}
    text = kubeconfig("x", current="x", user=user)
    plain = at(tmp_path, text).identity
    assert (plain.certificate_data, plain.key_data) == (b"A", b"B")
    given = at(tmp_path, text, client_certificate="/crt", client_key="/key").identity
    assert (given.certificate_file, given.certificate_data, given.key_file, given.key_data) == (
        "/crt",
        b"",
        "/key",
        b"",
    )


def test_impersonation_from_flags_and_file(tmp_path: Path) -> None:
    user = {"token": "t", "as": "filed", "as-groups": ["g"], "as-uid": "7", "as-user-extra": {"Scopes": ["a", "b"]}}
    filed = at(tmp_path, kubeconfig("x", current="x", user=user)).identity
    assert (filed.as_user, filed.as_groups, filed.as_uid) == ("filed", ("g",), "7")
    assert filed.as_extra == (("Scopes", ("a", "b")),)
    given = at(tmp_path, kubeconfig("x", current="x"), as_user="u", as_group=("g1", "g2"), as_uid="9").identity
    assert (given.as_user, given.as_groups, given.as_uid) == ("u", ("g1", "g2"), "9")


def test_the_way_there_can_be_pasted(tmp_path: Path) -> None:
    found = at(tmp_path, kubeconfig("a b", current="a b"), as_user="u", as_group=("g",), token="secret")
    assert found.flags == f" --kubeconfig {tmp_path}/config --context 'a b' --as u --as-group g"


@pytest.mark.parametrize(
    ("said", "server"),
    [
        ("https://h:6443/", "https://h:6443"),
        ("HTTPS://h/k8s/clusters/c-1/", "https://h/k8s/clusters/c-1"),
        ("h:8080", "http://h:8080"),
        ("https://h/p?x=1#y", "https://h/p"),
    ],
)
def test_server_addresses(said: str, server: str) -> None:
    assert resolve(Options(server=said), {"HOME": "/nonexistent"}).endpoint.server == server


def test_a_server_alone_needs_no_file() -> None:
    found = resolve(Options(server="https://h:1", token="t"), {"HOME": "/nonexistent"})
    assert (found.context, found.namespace, found.identity.token) == ("https://h:1", "default", "t")


# --- inside a pod -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pod(tmp_path: Path) -> tuple[dict[str, str], Path]:
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("pod-token")
    (account / "ca.crt").write_text("CA")
    (account / "namespace").write_text("team-a\n")
    where = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    return where, account


def test_a_pod_uses_its_service_account(pod: tuple[dict[str, str], Path]) -> None:
    found = resolve(Options(), *pod)
    assert found.endpoint.server == "https://[fd00::1]:443"
    assert found.endpoint.ca_file == str(pod[1] / "ca.crt")
    assert (found.context, found.namespace) == ("in-cluster", "team-a")
    assert found.identity.token_file == str(pod[1] / "token")


def test_a_pod_with_a_kubeconfig_uses_that_but_its_own_namespace(
    pod: tuple[dict[str, str], Path], tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(kubeconfig("x", "y/other", current="x"))
    assert resolve(Options(kubeconfig=str(tmp_path / "config")), *pod).namespace == "team-a"
    assert resolve(Options(kubeconfig=str(tmp_path / "config"), context="y"), *pod).namespace == "other"


def test_a_pod_without_its_token_is_no_pod(pod: tuple[dict[str, str], Path]) -> None:
    (pod[1] / "token").unlink()
    with pytest.raises(Usage, match="no kubeconfig found"):
        resolve(Options(), *pod)


def test_the_pods_namespace_may_come_by_the_downward_api(pod: tuple[dict[str, str], Path]) -> None:
    assert resolve(Options(), pod[0] | {"POD_NAMESPACE": "b"}, pod[1]).namespace == "b"


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_no_kubeconfig_at_all(tmp_path: Path) -> None:
    with pytest.raises(Usage) as caught:
        resolve(Options(), {"HOME": str(tmp_path)})
    assert caught.value.message == f"no kubeconfig found (looked for {tmp_path}/.kube/config)"
    assert "--kubeconfig" in caught.value.hint


def test_every_listed_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"no kubeconfig found \(looked for /no/a, /no/b\)"):
        resolve(Options(), {"HOME": str(tmp_path), "KUBECONFIG": "/no/a:/no/b"})


def test_the_named_file_is_missing() -> None:
    with pytest.raises(Usage, match="--kubeconfig /no/such/file: there is no such file"):
        resolve(Options(kubeconfig="/no/such/file"), {})


def test_a_context_of_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"there is no kubeconfig to find --context 'x' in \(looked for /no/a\)") as caught:
        resolve(Options(context="x"), {"HOME": str(tmp_path), "KUBECONFIG": "/no/a"})
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a b", "../../nodes", "A", "ä", "-x", "a/b?c=d", "x" * 64])
def test_a_namespace_that_cannot_be(tmp_path: Path, name: str) -> None:
    said = refused(tmp_path, kubeconfig("x", current="x"), namespace=name)
    assert (said.message, bool(said.hint)) == (f"no namespace can be called {name!r}", True)


def test_the_file_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"cannot read the kubeconfig .*: Is a directory"):
        resolve(Options(kubeconfig=str(tmp_path)), {})


def test_an_unknown_context_says_which_exist(tmp_path: Path) -> None:
    error = refused(tmp_path, kubeconfig("production", "staging"), context="producton")
    assert error.message == f"--context 'producton' is not in {tmp_path}/config"
    assert error.hint == "did you mean 'production'? It has these contexts: production, staging"


def test_an_unknown_current_context(tmp_path: Path) -> None:
    error = refused(tmp_path, kubeconfig("a", current="gone"))
    assert error.message.startswith("current-context 'gone' is not in ")
    assert error.hint == "choose one of these contexts: a"


def test_no_current_context(tmp_path: Path) -> None:
    error = refused(tmp_path, kubeconfig("b", "a"))
    assert error.message == f"no context is current in {tmp_path}/config"
    assert error.hint == "choose one of these contexts: a, b"


@pytest.mark.parametrize("part", ["cluster", "user"])
def test_a_context_that_names_what_is_not_there(tmp_path: Path, part: str) -> None:
    document = json.loads(kubeconfig("x", current="x"))
    document["contexts"][0]["context"][part] = "gone"
    error = refused(tmp_path, json.dumps(document))
    assert error.message.startswith(f"context 'x' names the {part} 'gone', ")
    assert error.hint == f"choose one of these {part}s: x"


@pytest.mark.parametrize("flag", ["cluster", "user"])
def test_a_flag_that_names_what_is_not_there(tmp_path: Path, flag: str) -> None:
    error = refused(tmp_path, kubeconfig("x", current="x"), **{flag: "gone"})
    assert error.message == f"--{flag} 'gone' is not in {tmp_path}/config"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no cluster"),
        ("# nothing but a comment\n", "names no cluster"),
        ("a: b\nc: [1, 2}\n", ", line 2, column 9: not YAML"),
        ("\ta: b", "not YAML"),
        ("just words", "is not a kubeconfig: it holds a str, not fields"),
        ("- a\n- b\n", "is not a kubeconfig: it holds a list, not fields"),
        ("kind: Pod\n", "is not a kubeconfig: its kind is 'Pod'"),
        ("contexts: {a: b}\n", "contexts is not a list"),
        ("contexts: [a]\n", "contexts holds 'a'"),
        ("contexts: [{name: 7}]\n", "the name of a context is 7, not text"),
        ("users: [{name: u, user: [x]}]\n", "user 'u' is not a mapping"),
        ("clusters: [{name: a}, {name: a}]\n", "cluster 'a' is there twice"),
        ("current-context: [x]\n", "current-context is ['x'], not text"),
    ],
)
def test_files_that_are_no_kubeconfig(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text).message


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"\xff\xfe\x00k8s")
    with pytest.raises(Usage, match="it is not UTF-8 text"):
        resolve(Options(kubeconfig=str(tmp_path / "config")), {})


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"token": 12345}, "user 'x': token is 12345, not text"),
        ({"token": "t", "username": "u"}, "has a token and a password"),
        ({"client-certificate": "crt"}, "has a client certificate without its key"),
        ({"client-certificate-data": "no base64!", "client-key-data": "QQ=="}, "client-certificate-data is not base64"),
        ({"as-groups": ["g"], "token": "t"}, "the user of --as, who is missing"),
        ({"as-groups": "g", "token": "t"}, "as-groups is not a list"),
        ({"exec": {"command": "c"}}, "wants no apiVersion"),
        ({"exec": {"command": "c", "apiVersion": "client.authentication.k8s.io/v1alpha1"}}, "not spoken any more"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, "names no command"),
        (
            {"exec": {"command": "c", "apiVersion": "client.authentication.k8s.io/v1"}},
            "interactiveMode of its exec plugin",
        ),
        ({"exec": ["c"]}, "exec is not a mapping"),
        (
            {
                "exec": {"command": "c", "apiVersion": "client.authentication.k8s.io/v1beta1"},
                "auth-provider": {"name": "oidc"},
            },
            "an exec plugin and an auth-provider",
        ),
    ],
)
def test_users_that_contradict_themselves(tmp_path: Path, user: dict[str, Any], said: str) -> None:
    assert said in refused(tmp_path, kubeconfig("x", current="x", user=user)).message


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ({"certificate-authority-data": "%%%"}, "certificate-authority-data is not base64"),
        ({"insecure-skip-tls-verify": "yes"}, "insecure-skip-tls-verify is 'yes', not true or false"),
        ({"insecure-skip-tls-verify": True, "certificate-authority": "ca"}, "only one can be meant"),
        ({"server": ""}, "cluster 'x' names no server"),
        ({"server": "ftp://h"}, "server 'ftp://h' is not the address of an API server"),
        ({"server": "https://"}, "is not the address of an API server"),
    ],
)
def test_clusters_that_cannot_be_used(tmp_path: Path, cluster: dict[str, Any], said: str) -> None:
    assert said in refused(tmp_path, kubeconfig("x", current="x", **cluster)).message


def test_a_date_stays_text(tmp_path: Path) -> None:
    text = "current-context: 2024-01-01\ncontexts: [{name: 2024-01-01, context: {cluster: c}}]\n"
    found = at(tmp_path, text + "clusters: [{name: c, cluster: {server: 'https://h'}}]\n")
    assert found.context == "2024-01-01"


def test_base64_may_be_folded(tmp_path: Path) -> None:
    folded = base64.encodebytes(b"x" * 100).decode()
    assert (
        at(tmp_path, kubeconfig("x", current="x", **{"certificate-authority-data": folded})).endpoint.ca_data
        == b"x" * 100
    )


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", None), ("0", None), ("0s", None), ("30", 30), ("30s", 30), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25)],
)
def test_request_timeouts(said: str, seconds: float | None) -> None:
    assert timeout_seconds(said) == seconds


@pytest.mark.parametrize("said", ["soon", "-1", "3x", "s", "1m 30s", "1,5s"])
def test_request_timeouts_that_are_none(said: str) -> None:
    with pytest.raises(Usage, match="is not a time"):
        timeout_seconds(said)
