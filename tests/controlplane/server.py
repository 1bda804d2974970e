"""One Kubernetes control plane as plain processes: etcd, kube-apiserver, scheduler, controller-manager, KWOK."""

import base64
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.contract.api import Api
from tests.controlplane.certificates import Authority, Pair
from tests.controlplane.processes import Processes, free_port

_HOST = "127.0.0.1"
_STAGES = Path(__file__).with_name("stages.yaml")
# RBAC is on: the admin is in the group that may do everything, the others hold no rights at all.
_USERS = {"admin": "/O=system:masters/CN=admin", "alice": "/CN=alice", "bob": "/CN=bob"}
_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlane:
    """Runs from `start` to `stop`. `api` is the admin; `kubeconfig(user)` is for clients under test."""

    def __init__(self, binaries: Path, folder: Path, gates: str = "", *, audit: bool = True) -> None:
        self.binaries, self.folder, self.gates, self.audit = binaries, folder, gates, audit
        self.processes = Processes(folder / "logs")
        self.url = f"https://{_HOST}:{free_port()}"
        self.api: Api

    def start(self) -> None:
        """Returns when the API server and KWOK answer; on any failure nothing is left running."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Logs and certificates stay for whoever looks into a failure; the data goes."""
        self.processes.kill_all()
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def kubeconfig(self, user: str = "admin") -> Path:
        return self.folder / f"{user}.kubeconfig"

    def kubectl(self, *arguments: str, stdin: str | None = None, user: str = "admin") -> str:
        """The output of the kubectl built with the server; raises with what it said on stderr."""
        command = [str(self.binaries / "kubectl"), "--kubeconfig", str(self.kubeconfig(user)), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)[:200]}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *documents: Mapping[str, object]) -> None:
        """Server-side apply, whatever the kinds."""
        self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(documents))

    def kill_apiserver(self) -> None:
        """As a crash would: connections break, nobody is told."""
        self.processes.kill("kube-apiserver")

    def start_apiserver_again(self) -> None:
        """With the arguments it had; returns when it answers."""
        self.processes.start_again("kube-apiserver")
        self._wait_for_apiserver()

    def restart_apiserver(self) -> None:
        """Its memory of past versions is gone then; the objects are in etcd."""
        self.kill_apiserver()
        self.start_apiserver_again()

    def _start(self) -> None:
        authority = Authority(self.folder / "certificates")
        names = ("DNS:localhost", "DNS:kubernetes.default.svc", f"IP:{_HOST}", "IP:10.0.0.1")
        self.authority, self.serving = authority, authority.issue("serving", "/CN=k8sai-tests-serving", names)
        accounts, proxy = authority.issue("accounts", "/CN=accounts"), authority.issue("proxy", "/CN=front-proxy")
        for user, subject in _USERS.items():
            self._write_kubeconfig(user, authority.issue(user, subject))
        self.api = Api.of(self.kubeconfig())
        etcd = self._start_etcd()
        self._launch("kube-apiserver", self._apiserver_flags(etcd, accounts, proxy))
        self._wait_for_apiserver()
        self._start_controllers(accounts)
        self._start_kwok()

    def _launch(self, program: str, flags: Mapping[str, object]) -> None:
        gates = {"feature-gates": self.gates} if self.gates and program.startswith("kube-") else {}
        arguments = [f"--{name}={value}" for name, value in {**flags, **gates}.items()]
        self.processes.start(program, (self.binaries / program, *arguments))

    def _start_etcd(self) -> str:
        client, peer = f"http://{_HOST}:{free_port()}", f"http://{_HOST}:{free_port()}"
        flags = {
            "data-dir": self.folder / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "unsafe-no-fsync": "true",  # the data may die with the test
            "quota-backend-bytes": 4 << 30,
            "log-level": "warn",
        }
        self._launch("etcd", flags)
        return client

    def _apiserver_flags(self, etcd: str, accounts: Pair, proxy: Pair) -> dict[str, object]:
        authority = self.authority.root.certificate
        flags: dict[str, object] = {
            "etcd-servers": etcd,
            "bind-address": _HOST,
            "secure-port": self.url.rsplit(":", 1)[1],
            "cert-dir": self.folder / "apiserver",
            "tls-cert-file": self.serving.certificate,
            "tls-private-key-file": self.serving.key,
            "client-ca-file": authority,
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": accounts.certificate,
            "service-account-signing-key-file": accounts.key,
            "service-cluster-ip-range": "10.0.0.0/16",
            "authorization-mode": "RBAC",
            "runtime-config": "api/all=true",
            "requestheader-client-ca-file": authority,
            "requestheader-allowed-names": "front-proxy",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": proxy.certificate,
            "proxy-client-key-file": proxy.key,
        }
        if self.audit:
            policy = self.folder / "audit-policy.yaml"
            policy.write_text(yaml.safe_dump(_AUDIT))
            flags |= {"audit-policy-file": policy, "audit-log-path": self.folder / "audit.log"}
        return flags

    def _wait_for_apiserver(self) -> None:
        self.processes.wait("kube-apiserver", self.api.answers, 120)

    def _start_controllers(self, accounts: Pair) -> None:
        admin = self.kubeconfig()
        shared = {
            "kubeconfig": admin,
            "authentication-kubeconfig": admin,
            "authorization-kubeconfig": admin,
            "leader-elect": "false",
            "secure-port": 0,
            "kube-api-qps": 1000,  # the stock limits make a thousand pods take minutes
            "kube-api-burst": 2000,
        }
        own = {
            "service-account-private-key-file": accounts.key,
            "root-ca-file": self.authority.root.certificate,
            "terminated-pod-gc-threshold": 0,
            "node-monitor-grace-period": "15m",  # a busy machine is late with a thousand leases; no node died of it
        }
        self._launch("kube-controller-manager", {**shared, **own})
        self._launch("kube-scheduler", shared)

    def _start_kwok(self) -> None:
        port = free_port()
        flags = {
            "kubeconfig": self.kubeconfig(),
            "config": _STAGES,
            "manage-all-nodes": "false",
            "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
            "node-lease-duration-seconds": 240,
            "server-address": f"{_HOST}:{port}",
            "cidr": "10.244.0.0/16",
        }
        self._launch("kwok", flags)
        health = Api(f"http://{_HOST}:{port}")
        self.processes.wait("kwok", lambda: health.answers("/healthz"))

    def _write_kubeconfig(self, user: str, pair: Pair) -> None:
        def data(path: Path) -> str:
            return base64.b64encode(path.read_bytes()).decode()

        cluster = {"server": self.url, "certificate-authority-data": data(self.authority.root.certificate)}
        secret = {"client-certificate-data": data(pair.certificate), "client-key-data": data(pair.key)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": user,
            "clusters": [{"name": "real", "cluster": cluster}],
            "users": [{"name": user, "user": secret}],
            "contexts": [{"name": user, "context": {"cluster": "real", "user": user}}],
        }
        self.kubeconfig(user).write_text(yaml.safe_dump(config))
