"""Users of tests: plugins written for the occasion, kubeconfigs that name them, a clock."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from k8sai.cluster.access import Endpoint, Plugin
from k8sai.cluster.options import Options
from tests.cluster.certificates import Pki

SECURE = Endpoint("https://one.example:6443")
V1 = "client.authentication.k8s.io/v1"


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


def jwt(end: float) -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': int(end)})}.c2ln"
