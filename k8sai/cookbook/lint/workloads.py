"""Rules about whole workloads: Jobs that end well, training operators' names, traffic that adds up."""

from collections.abc import Iterator
from typing import Any, Final

from k8sai.cookbook.lint.finding import Json, Said, items, mapping, warning
from k8sai.cookbook.lint.pods import pods
from k8sai.manifests import Manifest
from k8sai.pod_specs import MOST_PODSETS

_NAMED: Final = {"TFJob": "tensorflow", "PyTorchJob": "pytorch", "XGBoostJob": "xgboost", "PaddleJob": "paddle"}
_ENDS: Final = ("Never", "OnFailure")
_PERCENT: Final = 100


def rules(manifest: Manifest) -> Iterator[Said]:
    """Everything there is to say of a workload."""
    yield from jobs(manifest)
    yield from names(manifest)
    yield from podsets(manifest)
    yield from traffic(manifest)
    yield from steps(manifest)
    yield from outputs(manifest)
    yield from policies(manifest)


def jobs(manifest: Manifest) -> Iterator[Said]:
    """A Job's pods end, and an eviction is not counted as their failure."""
    for where, spec in _job_specs(manifest.object, "", manifest.kind):
        template = mapping(mapping(spec.get("template")).get("spec"))
        at = f"{where}.template.spec.restartPolicy"
        if template.get("restartPolicy") not in _ENDS:
            yield Said("job-restart-policy", "the pods of a Job need restartPolicy Never or OnFailure", at)
        uses_gpus = any(pod.gpus or pod.claims for pod in pods(manifest))
        if manifest.kind != "Job" or not uses_gpus or template.get("restartPolicy") != "Never":
            continue
        ignored = [
            condition.get("type")
            for rule in items(mapping(spec.get("podFailurePolicy")).get("rules"))
            if rule.get("action") == "Ignore"
            for condition in items(rule.get("onPodConditions"))
        ]
        if "DisruptionTarget" not in ignored:
            message = "a drained or preempted pod counts as a failure: podFailurePolicy should ignore DisruptionTarget"
            yield warning("eviction-counts", message, f"{where}.podFailurePolicy")


def names(manifest: Manifest) -> Iterator[Said]:
    """Training operators look for their container by its name."""
    wanted = _NAMED.get(manifest.kind)
    if wanted is None or manifest.group != "kubeflow.org":
        return
    for pod in pods(manifest):
        own = [each.get("name") for where, each in pod.containers() if "initContainers" not in where]
        if wanted not in own:
            yield Said(
                "container-name", f"a {manifest.kind} needs a container named {wanted}", f"{pod.where}.containers"
            )


def podsets(manifest: Manifest) -> Iterator[Said]:
    """Kueue makes no Workload for what has more sorts of pods than one holds."""
    labels = mapping(mapping(manifest.object.get("metadata")).get("labels"))
    number = len(items(mapping(manifest.object.get("spec")).get("replicatedJobs")))
    if "kueue.x-k8s.io/queue-name" in labels and number > MOST_PODSETS:
        yield Said(
            "podsets", f"{number} replicated jobs are more than the {MOST_PODSETS} Kueue takes", "spec.replicatedJobs"
        )


def traffic(manifest: Manifest) -> Iterator[Said]:
    """Shares of traffic add up to all of it; a canary of KServe is an InferenceService's."""
    spec = mapping(manifest.object.get("spec"))
    if manifest.group == "serving.knative.dev":
        shares = _numbers(spec.get("traffic"), "percent")
        if shares and sum(shares) != _PERCENT:
            yield Said("traffic", f"the shares add up to {sum(shares)}, not to 100", "spec.traffic")
        if not mapping(spec.get("template")) and "traffic" in spec:
            yield Said("traffic", "there is traffic and no template: a Service of Knative needs spec.template", "spec")
    if manifest.kind == "InferenceService":
        known = _numbers(spec.get("canary"), "trafficPercent")
        if sum(known) > _PERCENT:
            yield Said("traffic", f"the canaries get {sum(known)} of 100", "spec.canary")
        mode = mapping(mapping(manifest.object.get("metadata")).get("annotations")).get(
            "serving.kserve.io/deploymentMode"
        )
        if "canaryTrafficPercent" in mapping(spec.get("predictor")) and mode in ("Standard", "RawDeployment"):
            message = "canaryTrafficPercent works in Knative mode only: in Standard mode it is spec.canary"
            yield Said("traffic", message, "spec.predictor.canaryTrafficPercent")


def steps(manifest: Manifest) -> Iterator[Said]:
    """An Argo workflow calls templates that it has."""
    if manifest.group != "argoproj.io" or "Workflow" not in manifest.kind:
        return
    spec = mapping(manifest.object.get("spec"))
    spec = mapping(spec.get("workflowSpec")) or spec
    own = {each.get("name") for each in items(spec.get("templates"))}
    if own and spec.get("entrypoint") not in own:
        yield Said(
            "missing-reference", f"the entrypoint {spec.get('entrypoint')} is no template here", "spec.entrypoint"
        )
    for index, template in enumerate(items(spec.get("templates"))):
        tasks = items(mapping(template.get("dag")).get("tasks"))
        for step in template.get("steps") or ():
            tasks += items(step if isinstance(step, list) else [step])
        for task in tasks:
            if "template" in task and task["template"] not in own:
                message = f"{task.get('name')} calls the template {task['template']}, which is not here"
                yield Said("missing-reference", message, f"spec.templates[{index}]")


def outputs(manifest: Manifest) -> Iterator[Said]:
    """Objects that a controller writes are not configuration."""
    if manifest.kind == "ConfigMap" and manifest.name == "cluster-autoscaler-status":
        yield Said(
            "written-by-controller",
            "the autoscaler writes this to say how it is: it reads nothing from it",
            "metadata.name",
        )
    if manifest.kind == "Node" and mapping(manifest.object.get("spec")).get("taints"):
        message = "taints of a Node belong to its node pool, or to `kubectl taint`: an apply fights over the whole list"
        yield Said("written-by-controller", message, "spec.taints")


def policies(manifest: Manifest) -> Iterator[Said]:
    """Who may talk to somebody must be able to look up the name."""
    if manifest.kind != "NetworkPolicy" or manifest.group != "networking.k8s.io":
        return
    spec = mapping(manifest.object.get("spec"))
    egress = items(spec.get("egress"))
    if egress and not any(_covers(rule, 53) for rule in egress):
        yield Said("egress-without-dns", "egress is allowed, but not to port 53: no name resolves", "spec.egress")
    for part in ("ingress", "egress"):
        for index, rule in enumerate(items(spec.get(part))):
            for peer in items(rule.get("from" if part == "ingress" else "to")):
                labels = mapping(mapping(peer.get("namespaceSelector")).get("matchLabels"))
                if "name" in labels:
                    message = "namespaces have no label name of their own: it is kubernetes.io/metadata.name"
                    yield Said("namespace-label", message, f"spec.{part}[{index}]")


def _numbers(value: Any, key: str) -> list[int]:
    return [each[key] for each in items(value) if isinstance(each.get(key), int)]


def _covers(rule: Json, port: int) -> bool:
    """Whether a rule lets look-ups out: by their port, or by letting everything out to where the servers are."""
    ports = items(rule.get("ports"))
    return any(_is_port(each, port) for each in ports) if ports else _reaches_dns(items(rule.get("to")))


def _is_port(each: Json, port: int) -> bool:
    first, last = each.get("port"), each.get("endPort")
    if isinstance(first, int) and isinstance(last, int):
        return first <= port <= last
    return first in (port, "dns", None)


def _reaches_dns(peers: list[Json]) -> bool:
    if not peers:
        return True
    for peer in peers:
        labels = mapping(mapping(peer.get("namespaceSelector")).get("matchLabels"))
        if "ipBlock" in peer or peer.get("namespaceSelector") == {}:
            return True
        if labels.get("kubernetes.io/metadata.name") == "kube-system":
            return True
    return False


def _job_specs(tree: Any, where: str, kind: str) -> Iterator[tuple[str, Json]]:
    """The spec of a Job, and of the Jobs that a CronJob or a JobSet makes."""
    spec = mapping(mapping(tree).get("spec"))
    if kind == "Job" and mapping(tree).get("apiVersion") == "batch/v1":
        yield "spec", spec
    elif kind == "CronJob":
        yield "spec.jobTemplate.spec", mapping(mapping(spec.get("jobTemplate")).get("spec"))
    elif kind == "JobSet":
        for index, each in enumerate(items(spec.get("replicatedJobs"))):
            yield f"spec.replicatedJobs[{index}].template.spec", mapping(mapping(each.get("template")).get("spec"))
