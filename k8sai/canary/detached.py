"""`run` as a Job of the cluster: nobody has to stay. It goes on with the rollout by what is kept of it, with a Role for
that and nothing else; ServiceAccount, Role and RoleBinding belong to the Job and go with it.

The Job is made suspended and started when its rights are there: it is what the others refer to as their owner.
https://kubernetes.io/docs/concepts/workloads/controllers/job/
https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from k8sai.canary.checks.rights import Names, Right, needed, rules
from k8sai.canary.facts import Json, Ref
from k8sai.canary.keeping.names import LABEL, OF, PART, TARGET, stem
from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target
from k8sai.errors import K8saiError, Locked, Usage

if TYPE_CHECKING:
    from k8sai.cluster.writing import Writer

JOBS: Final = Resource("batch", "v1", "jobs", "Job", True, ())
ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ())
ROLES: Final = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role", True, ())
BINDINGS: Final = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", True, ())
MAKES: Final = (
    Right(("create", "patch", "delete"), "jobs.batch"),
    *(
        Right(("create", "patch"), kind)
        for kind in (
            "serviceaccounts",
            "roles.rbac.authorization.k8s.io",
            "rolebindings.rbac.authorization.k8s.io",
        )
    ),
)

_RBAC: Final = "rbac.authorization.k8s.io/v1"
USER: Final = "job"  # as the holder of the Lease is called: job@NAME-OF-THE-POD
RUNNER: Final = "runner"  # the part of a rollout, in the label
_SERVICE: Final = re.compile(r"(?:(https?):)?([a-z0-9-]+)/([a-z0-9.-]+):([a-z0-9-]+)(/.*)?")
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_RETRIES: Final = 10  # starts of the container after the first: a server that is away, a Lease of a pod that died
_KEPT: Final = 86_400  # seconds that a finished Job stays, with its log
_SMALL: Final[Json] = {
    "requests": {"cpu": "50m", "memory": "128Mi"},
    "limits": {"cpu": "500m", "memory": "512Mi"},
}
_LOCKED_DOWN: Final[Json] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


@dataclass(frozen=True, slots=True)
class Runner:
    """What is to run: `image` has k8sai in it, `flags` are more of `canary run`; `lasts` in seconds."""

    ref: Ref
    backend: str
    rollout: str  # its id
    image: str
    lasts: float
    suffix: str  # tells one run from the one before: `3f9a1c`
    flags: tuple[str, ...] = ()
    driven: Names = field(default_factory=dict)  # what is written beside the target

    @property
    def name(self) -> str:
        """Of all four objects: `k8sai-canary-5d0f3b1c9a7e-3f9a1c`."""
        return f"{stem(self.ref)}-{self.suffix}"

    @property
    def command(self) -> list[str]:
        """What the container runs. A rollout that ended or waits for a person is no failure of the Job."""
        where = [self.ref.title, "--namespace", self.ref.namespace, "--backend", self.backend]
        lasts = ["--max-duration", f"{int(self.lasts)}s"]
        return ["k8sai", "canary", "run", *where, *lasts, "--yes", "--exit-zero", *self.flags]

    @property
    def rights(self) -> tuple[Right, ...]:
        return needed(self.backend, self.ref, self.rollout, self.driven)


@dataclass(frozen=True, slots=True)
class Made:
    """An object and its place, in the order of writing."""

    target: Target
    body: Json


def objects(runner: Runner, uid: str = "", *, suspended: bool = True) -> tuple[Made, ...]:
    """The Job first. `uid` is the Job's, "" while it is not there: then the others name no owner yet."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": runner.name, "uid": uid}
    owned: Json = {"ownerReferences": [owner]} if uid else {}
    return (
        Made(_at(JOBS, runner), _job(runner, suspended)),
        Made(_at(ACCOUNTS, runner), _object("v1", "ServiceAccount", runner, owned)),
        Made(_at(ROLES, runner), _object(_RBAC, "Role", runner, owned) | {"rules": rules(runner.rights)}),
        Made(_at(BINDINGS, runner), _object(_RBAC, "RoleBinding", runner, owned) | _binding(runner)),
    )


def _at(resource: Resource, runner: Runner) -> Target:
    return Target(resource, runner.ref.namespace, runner.name)


def _object(version: str, kind: str, runner: Runner, more: Json) -> Json:
    ref = runner.ref
    meta: Json = {"name": runner.name, "namespace": ref.namespace, "labels": _labels(ref)}
    meta |= {"annotations": {TARGET: f"{ref.kind}/{ref.name}"}, **more}
    return {"apiVersion": version, "kind": kind, "metadata": meta}


def _labels(ref: Ref) -> Json:
    return {LABEL: "1", OF: stem(ref), PART: RUNNER}


def _binding(runner: Runner) -> Json:
    subject = {"kind": "ServiceAccount", "name": runner.name, "namespace": runner.ref.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": runner.name}
    return {"subjects": [subject], "roleRef": role}


def _job(runner: Runner, suspended: bool) -> Json:
    pod: Json = {
        "serviceAccountName": runner.name,
        "restartPolicy": "OnFailure",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(runner)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    spec: Json = {
        "suspend": suspended,
        "backoffLimit": _RETRIES,
        "activeDeadlineSeconds": int(runner.lasts),
        "ttlSecondsAfterFinished": _KEPT,
        "template": {"metadata": {"labels": _labels(runner.ref)}, "spec": pod},
    }
    return _object("batch/v1", "Job", runner, {}) | {"spec": spec}


def _container(runner: Runner) -> Json:
    env = (("HOME", "/tmp"), ("LOGNAME", USER))
    return {
        "name": "run",
        "image": runner.image,
        "command": runner.command,
        "env": [{"name": name, "value": value} for name, value in env],
        "resources": _SMALL,
        "securityContext": _LOCKED_DOWN,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def address_inside(said: str) -> str:
    """A Prometheus as a pod reaches it, by its Service: through the API server it would need a right of another
    namespace.

    Raises Usage for an address that no pod reaches, or with a password, which everybody who may see the Job would read.
    """
    match = _SERVICE.fullmatch(said)
    if match is not None:
        scheme, namespace, service, port, path = match.groups()
        return f"{scheme or 'http'}://{service}.{namespace}.svc:{port}{path or ''}"
    parts = urlsplit(said)
    if parts.password:
        raise Usage("--prometheus has a password, which would be readable in the Job", "name one that asks for none")
    if parts.hostname in _HERE:
        where = "--prometheus NAMESPACE/SERVICE:PORT"
        raise Usage(f"{parts.hostname} is this machine, and the Job runs in the cluster", where)
    return said


# --- in the cluster ---------------------------------------------------------------------------------------------------


def running(writer: "Writer", ref: Ref) -> Iterator[str]:
    """The names of Jobs that run this rollout now. Raises Forbidden, ClusterError."""
    for one in writer.members(JOBS, ref.namespace, f"{OF}={stem(ref)},{PART}={RUNNER}"):
        live = writer.live(Target(JOBS, ref.namespace, one["metadata"]["name"]))
        if live is not None and not _over(live) and not live["metadata"].get("deletionTimestamp"):
            yield str(one["metadata"]["name"])


def _over(job: Json) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(one.get("type") in ("Complete", "Failed") and one.get("status") == "True" for one in conditions)


def insist_on_none(writer: "Writer", ref: Ref) -> None:
    """Raises Locked where a Job runs this rollout."""
    name = next(running(writer, ref), "")
    if name:
        raise Locked(
            f"job/{name} runs the canary of {ref.title} already",
            f"`kubectl logs -f job/{name} -n {ref.namespace}` shows what it does",
        )


def attempt(writer: "Writer", runner: Runner) -> None:
    """Have the server try all four without keeping them. Raises what it refuses with."""
    for one in objects(runner):
        writer.apply(one.target, one.body, dry_run=True)


def create(writer: "Writer", runner: Runner) -> str:
    """Make all four and start the Job; its uid. What fails half way takes the Job back, and the others go with it.

    Raises Invalid, ApiConflict, Forbidden, NotFound (of the namespace), ClusterError.
    """
    job = objects(runner)[0]
    uid = str(writer.apply(job.target, job.body).object["metadata"]["uid"])
    try:
        for one in objects(runner, uid)[1:]:
            writer.apply(one.target, one.body)
        started = objects(runner, uid, suspended=False)[0]
        writer.apply(started.target, started.body)
    except K8saiError:
        writer.delete(job.target, uid=uid)
        raise
    return uid
