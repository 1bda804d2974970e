"""What Kueue's own configuration says: which kinds and namespaces it manages, and how long it waits for pods.

Source: apis/config/v1beta2 of Kueue 0.19; the ConfigMap is that of its manifests and of its Helm chart.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from k8sai.ages import duration
from k8sai.cluster.reading import Json, Reading
from k8sai.scheduling.selectors import labels_match
from k8sai.yaml_in import first_document

_NAMESPACE: Final = "kueue-system"
_NAME: Final = "kueue-manager-config"
_KEY: Final = "controller_manager_config.yaml"
_SHORT: Final = ("", "apps")  # groups whose kinds are named alone


def configuration(reading: Reading) -> Json:
    """Empty where it may not be read, is somewhere else, or is none."""
    found = reading.get("configmaps", _NAMESPACE, _NAME)
    text = ((found or {}).get("data") or {}).get(_KEY)
    if not text:
        return {}

    try:
        read = first_document(str(text).encode())
    except (ValueError, TypeError):
        return {}
    return read if isinstance(read, dict) else {}


def objections(config: Json, owner: Json, namespace: str, labels: Mapping[str, str]) -> Iterator[str]:
    """Why it makes no Workload for such an object in such a namespace, as far as it says."""
    framework = framework_of(owner)
    known = (config.get("integrations") or {}).get("frameworks")
    if known and framework not in known:
        yield f"Kueue's configuration does not integrate {framework}: it names {', '.join(known)}"
    selector = config.get("managedJobsNamespaceSelector")
    if selector is not None and not labels_match(selector, {"kubernetes.io/metadata.name": namespace, **labels}):
        yield f"Kueue's managedJobsNamespaceSelector leaves out namespace {namespace}"


def patience(config: Json) -> float | None:
    """Seconds by which the pods of what is admitted must be ready, or it is evicted; None where nobody waits."""
    text = (config.get("waitForPodsReady") or {}).get("timeout")
    try:
        return duration(str(text)) if text else None
    except ValueError:
        return None


def framework_of(obj: Json) -> str:
    """As the configuration names it: `batch/job`, `pod`, `jobset.x-k8s.io/jobset`."""
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    kind = str(obj.get("kind") or "").lower()
    return kind if group in _SHORT else f"{group}/{kind}"
