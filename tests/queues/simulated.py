"""What would become of so many pods of so many GPUs: one question of `queue simulate`, asked in a line."""

from typing import Any

from k8sai.fit.ask import Asked, Group
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import read
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.simulating.simulate import Outcome, simulate
from k8sai.queues.simulating.wish import Surroundings, Wanted, Wish, of_flags
from k8sai.queues.simulating.words import sentence
from tests.queues.simulate_objects import gpu_tree, made, pod_spec, setting

Json = dict[str, Any]
WITHIN = {"preemption": {"withinClusterQueue": "LowerPriority"}}


def wish(here: Setting, gpus: int, pods: int = 1, where: str = "ns-finetune", **spec: Any) -> Wish:
    priority, queue = spec.pop("priority", ""), spec.pop("queue", "main")
    pod = {"metadata": {"namespace": where}, "spec": pod_spec(gpus, **spec)}
    asked = Asked((Group("pod", pods, pod),), each=f"{gpus} GPUs")
    return of_flags(asked, Wanted(where, queue, priority), here, Surroundings())


def outcome(gpus: int, pods: int = 1, *changes: str, objects: list[Json] | None = None, **more: Any) -> Outcome:
    before = setting(objects if objects is not None else gpu_tree())
    here = apply(before, read(before, changes))
    return simulate(here, [wish(here, gpus, pods, **more)], moved=bool(changes)).outcomes[0]


def said(found: Outcome) -> str:
    assert found.at_turn is not None or found.refused is not None
    return sentence(found.at_turn or Setting(), found)


def urgent(value: int = 80) -> Json:
    return {**made("WorkloadPriorityClass", "urgent", {}), "value": value}
