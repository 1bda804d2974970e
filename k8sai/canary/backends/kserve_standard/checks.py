"""Standard mode: what KServe would refuse or do wrong, said before anything is written.

The rules of its webhook are those of v0.20.0: pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.kserve_predictor import STOP, model_uri, stopped
from k8sai.canary.backends.kserve_standard.seen import ROUTES
from k8sai.canary.backends.kserve_standard.side import DEPLOYMENTS
from k8sai.canary.backends.kserve_standard.spec import deployment_name, entries, inherited, predictor_of
from k8sai.canary.facts import Json, Wish
from k8sai.canary.wishes import refuse_unused
from k8sai.cluster.reading import condition
from k8sai.errors import Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

API: Final = "serving.kserve.io/v1beta1"
KINDS: Final = "inferenceservices.serving.kserve.io"
SCALER: Final = "serving.kserve.io/autoscalerClass"
_MODE: Final = "serving.kserve.io/deploymentMode"
_NAME: Final = 63  # characters of a Service
_SHARED: Final = frozenset(("ReadOnlyMany", "ReadWriteMany"))


def mode(target: Json) -> str:
    """Standard, Knative or ModelMesh, in the words of today; "" where nobody has said."""
    annotations = target["metadata"].get("annotations") or {}
    said = str((target.get("status") or {}).get("deploymentMode") or annotations.get(_MODE) or "")
    return {"RawDeployment": "Standard", "Serverless": "Knative"}.get(said, said)


def scaler(target: Json) -> str:
    """Who sets the replicas: none, hpa, keda or external."""
    return str((target["metadata"].get("annotations") or {}).get(SCALER) or "hpa")


def autoscaled(target: Json) -> bool:
    """Something moves its replicas: without a maxReplicas above it, minReplicas is an autoscaler's most as well."""
    predictor = predictor_of(target)
    return scaler(target) != "none" and int(predictor.get("maxReplicas") or 0) > int(predictor.get("minReplicas", 1))


def possible_wish(wish: Wish) -> None:
    """Raises Usage for what this way to split has no place for."""
    if wish.empty:
        raise Usage("say what the new version is", "--model-uri, --image, --set PATH=VALUE or --patch-file FILE")
    why = "KServe makes the canary and its route itself"
    refuse_unused((wish.to, "--to", why), (wish.rule, "--rule", why), (wish.headers, "--header", why))


def able(target: Json, read: "Reading") -> None:
    """Raises Refused where the service, as it is, cannot have a canary."""
    for reason, hint in _unable(target, read):
        raise Refused(f"isvc/{target['metadata']['name']} {reason}", hint)


def _unable(target: Json, read: "Reading") -> Iterator[tuple[str, str]]:
    predictor, spec = predictor_of(target), target["spec"]
    if target.get("apiVersion") != API:
        yield f"is served as {target.get('apiVersion')}: k8sai knows canaries of {API}", "a newer k8sai"
    if entries(target):
        names = ", ".join(str(one["predictor"].get("name")) for one in entries(target))
        yield f"has a canary already: {names}", "take it out of spec.canary, or promote it"
    if stopped(target):
        yield "is stopped", f"take the annotation {STOP} away"
    if predictor.get("workerSpec"):
        yield "runs on several nodes, of which KServe makes no canary (workerSpec)", "split a route in front of it"
    if predictor.get("storageUris"):
        yield (
            "has storageUris, which KServe does not fetch for a canary",
            "one storageUri, or split a route in front of it",
        )
    for part in ("transformer", "explainer"):
        if spec.get(part):
            why = f"KServe puts the canary's weight on its route too, so requests would go past the {part}"
            yield f"has a {part}: {why}", "split a route in front of it"
    if scaler(target) == "external":
        yield "is scaled from outside by the name of its Deployment, which a canary changes", "see docs/canary.md"
    yield from _unstable(target)
    yield from _unrouted(target, read)


def _unstable(target: Json) -> Iterator[tuple[str, str]]:
    found = condition(target, "Ready") or {}
    if found.get("status") != "True":
        why = found.get("message") or found.get("reason") or "KServe has not said so"
        yield (
            f"is not ready: {why}",
            f"`k8sai canary status isvc/{target['metadata']['name']} -n {target['metadata']['namespace']}`",
        )


def _unrouted(target: Json, read: "Reading") -> Iterator[tuple[str, str]]:
    """With a plain Ingress a canary gets pods and no requests."""
    meta = target["metadata"]
    if read.get(ROUTES, meta["namespace"], meta["name"]) is None and not read.blind(ROUTES):
        yield (
            "has no HTTPRoute, without which KServe gives a canary pods and no requests",
            "enableGatewayApi in KServe's inferenceservice-config",
        )


def able_version(target: Json, stable: Json, entry: Json, read: "Reading") -> None:
    """Raises Refused where the new version could not run beside the old one, or never be promoted."""
    title = f"isvc/{target['metadata']['name']}"
    if kept := inherited(stable, entry):
        raise Refused(
            f"KServe merges a canary over the old version of {title}, so it cannot take away {', '.join(kept)}",
            "give it another value instead",
        )
    if model_uri(stable) == model_uri(entry):
        raise Refused(
            f"KServe renames the stable version of {title} only with another storageUri, so a canary with the same "
            "model could never be promoted",
            "--model-uri, or a second InferenceService and a route that splits between both",
        )
    _shared_volume(target, model_uri(entry), read)


def _shared_volume(target: Json, uri: str, read: "Reading") -> None:
    """A volume of one node holds the pods of both versions on it, or keeps the second from starting."""
    if not uri.startswith("pvc://"):
        return
    name = uri.removeprefix("pvc://").partition("/")[0]
    claim = read.get("persistentvolumeclaims", target["metadata"]["namespace"], name)
    modes = set(((claim or {}).get("spec") or {}).get("accessModes") or ())
    if claim is not None and not modes & _SHARED:
        raise Refused(
            f"pvc/{name} is {', '.join(sorted(modes)) or 'of one node'}: two versions cannot both mount it",
            "a volume with ReadOnlyMany or ReadWriteMany",
        )


def free_name(target: Json, wish: Wish, read: "Reading") -> str:
    """Of the canary: the one wished for, or the next that is free. Raises Refused, Usage.

    The Deployment of canary v2 of `chat` has the very name of the stable one of another service `chat-v2`.
    """
    if wish.name:
        if taken := _taken(target, wish.name, read):
            raise Refused(f"the name {wish.name} is not free: {taken}", "--name with another one")
        return wish.name
    old = str(predictor_of(target).get("name") or "")
    first = int(old[1:]) + 1 if old[:1] == "v" and old[1:].isdigit() else 2
    found = next((name for at in range(first, first + 20) if not _taken(target, name := f"v{at}", read)), "")
    if not found:
        raise Refused("no name from v2 on is free", "--name")
    return found


def _taken(target: Json, name: str, read: "Reading") -> str:
    meta = target["metadata"]
    isvc, deployment = f"{meta['name']}-{name}", deployment_name(meta["name"], name)
    if len(deployment) > _NAME:
        raise Refused(f"{deployment} is longer than {_NAME} characters", "a shorter --name")
    if name == str(predictor_of(target).get("name") or ""):
        return "the old version has it"
    if read.get(KINDS, meta["namespace"], isvc) is not None:
        return f"the pods of isvc/{isvc} are called so"
    if read.get(DEPLOYMENTS, meta["namespace"], deployment) is not None:
        return f"deployment/{deployment} is there"
    return ""
