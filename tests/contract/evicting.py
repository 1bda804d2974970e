"""Pods and budgets of one test, and evictions of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.contract.api import Answer, Api, Json
from tests.contract.conftest import Nodes
from tests.contract.objects import job, pod
from tests.contract.queues import condition

LINGERS = {"test.k8sai.dev/linger": "", "sim.k8sai.dev/stop-after": "1h"}


def exits(code: int) -> dict[str, str]:
    """Annotations of a pod that ends so when it is told to."""
    return {"test.k8sai.dev/exit-on-term": str(code), "sim.k8sai.dev/exit-on-term": str(code)}


@dataclass
class Yard:
    """A namespace with a node. `app` is a label that only pods of this test's budgets have."""

    api: Api
    core: str
    where: Nodes
    _numbers: Any = field(default_factory=count)

    @property
    def namespace(self) -> str:
        return self.core.rpartition("/")[2]

    @property
    def pods(self) -> str:
        return f"{self.core}/pods"

    @property
    def budgets(self) -> str:
        return f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets"

    @property
    def jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def jobsets(self) -> str:
        return f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{self.namespace}/jobsets"

    @property
    def trainjobs(self) -> str:
        return f"/apis/trainer.kubeflow.org/v1alpha1/namespaces/{self.namespace}/trainjobs"

    @property
    def groups(self) -> str:
        return f"/apis/leaderworkerset.x-k8s.io/v1/namespaces/{self.namespace}/leaderworkersets"

    @property
    def sets(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/statefulsets"

    def run(self, *names: str, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        """Pods with the label app=guarded, as soon as all are ready."""
        for name in names:
            made = pod(name, nodeSelector=self.where.selector, **spec)
            made["metadata"] |= {"labels": {"app": "guarded"}, "annotations": annotations or {}}
            self.api.post(self.pods, made).ok()
        for name in names:
            self.api.until_object(f"{self.pods}/{name}", is_ready)

    def job(self, name: str = "guarded", size: int = 2, annotations: dict[str, str] | None = None, **spec: Any) -> Json:
        """An indexed Job of so many ranks, as soon as all are ready; keyword arguments go into its spec."""
        made = job(name, size, annotations, nodeSelector=self.where.selector)
        made["spec"] |= {"completionMode": "Indexed", **spec}
        created = self.api.post(self.jobs, made).ok()
        self.ranks(name, size)
        return created

    def ranks(self, name: str, size: int) -> dict[str, Json]:
        """The pods of a Job by their index, as soon as so many are ready."""
        selected = {"labelSelector": f"job-name={name}"}
        found = self.api.until(self.pods, lambda all_of: sum(map(is_ready, all_of.values())) == size, selected)
        return {index(one): one for one in found.values() if is_ready(one)}

    def budget(self, name: str = "guard", reached: Callable[[Json], bool] | None = None, **spec: Any) -> Json:
        """A budget of the pods, as soon as its status is so: `allowed(n)` and the like."""
        body = {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "guarded"}}, **spec}}
        self.api.post(self.budgets, body).ok()
        return self.api.until_object(f"{self.budgets}/{name}", reached or observed)

    def evict(self, name: str, *, dry: bool = False, **options: Any) -> Answer:
        body: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        body |= {"deleteOptions": options} if options else {}
        return self.api.post(f"{self.pods}/{name}/eviction", body, {"dryRun": "All"} if dry else None)

    def get(self, name: str) -> Json:
        return self.api.get(f"{self.pods}/{name}").ok()

    def state(self, name: str = "guard") -> Json:
        found: Json = self.api.get(f"{self.budgets}/{name}").ok()["status"]
        return found


def index(pod: Json) -> str:
    return str(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])


def is_ready(pod: Json) -> bool:
    runs = pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    return runs and condition(pod, "Ready").get("status") == "True"


def observed(budget: Json) -> bool:
    return bool(budget.get("status", {}).get("observedGeneration"))


def allowed(number: int) -> Callable[[Json], bool]:
    """A budget that lets so many go now."""
    return lambda budget: observed(budget) and budget["status"]["disruptionsAllowed"] == number


def failed(budget: Json) -> bool:
    return condition(budget, "DisruptionAllowed").get("reason") == "SyncFailed"


def cause(answer: Answer, code: int = 429, reason: str = "TooManyRequests") -> str:
    """What a refusal says of the budget."""
    (found,) = answer.refused(code, reason)["details"]["causes"]
    assert found["reason"] == "DisruptionBudget"
    return str(found["message"])
