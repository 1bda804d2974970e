"""Which credential plugins a person lets run."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.cluster.access import Plugin
from k8sai.cluster.plugins import PluginCredentials
from k8sai.errors import ClusterError, Usage
from tests.cluster.login import SECURE, V1, plugin_that


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
