"""The effective request of a pod, held against what a 1.37 scheduler did on an 8-GPU node."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.facts import Pod
from k8sai.fleet.requests import effective
from k8sai.quantity import BadQuantity

GPU = "nvidia.com/gpu"


def container(
    gpus: int | str | None = None, *, sidecar: bool = False, name: str = "c", **amounts: Any
) -> dict[str, Any]:
    requests = {**({} if gpus is None else {GPU: gpus}), **amounts}
    return {
        "name": name,
        "resources": {"requests": requests, "limits": requests},
        "restartPolicy": "Always" if sidecar else None,
    }


def pod(main: list[dict[str, Any]], init: list[dict[str, Any]] | None = None, **more: Any) -> Pod:
    status = more.pop("status", {})
    spec = {"containers": main, "initContainers": init or [], **more}
    return msgspec.convert({"metadata": {"name": "p"}, "spec": spec, "status": status}, Pod, strict=False)


def gpus(*args: Any, **more: Any) -> int:
    return effective(pod(*args, **more)).get(GPU, 0)


@pytest.mark.parametrize(
    ("main", "init", "expected"),
    [
        ([2, 3], [], 5),
        ([1], [2, 5], 5),  # init containers run one after the other
        ([6], [2, 5], 6),
        ([2], [3, "s1"], 3),  # the sidecar starts after the init container
        ([2], ["s1", 3], 4),  # and here before it
        ([2], ["s1", 3, "s2"], 5),
        ([4], ["s1", 3, "s1"], 6),  # both run beside the main container
        ([1], ["s1", "s1", 5], 7),
        ([], ["s2"], 2),
    ],
)
def test_init_containers_and_sidecars(main: list[int], init: list[int | str], expected: int) -> None:
    inits = [container(int(str(one)[1:]), sidecar=True) if isinstance(one, str) else container(one) for one in init]
    assert gpus([container(one) for one in main], inits) == expected


def test_overhead_counts_and_may_name_gpus() -> None:
    asked = effective(pod([container(2, cpu="500m")], overhead={"cpu": "250m", "memory": "64Mi", GPU: 1}))
    assert asked == {GPU: 3, "cpu": 750, "memory": 64 << 20}


def test_limits_stand_in_for_requests_per_resource() -> None:
    one = {"name": "c", "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "4", GPU: 2}}}
    assert effective(pod([one])) == {"cpu": 1000, GPU: 2}


def test_pod_level_resources_replace_cpu_memory_and_huge_pages_only() -> None:
    level = {"requests": {"cpu": "3", "memory": "4Gi", "hugepages-2Mi": "8Mi", GPU: 7}}
    main = [container(2, cpu="1", memory="1Gi")]
    asked = effective(pod(main, resources=level, overhead={"cpu": "1"}))
    assert asked == {GPU: 2, "cpu": 4000, "memory": 4 << 30, "hugepages-2Mi": 8 << 20}


def test_a_pod_level_limit_alone_leaves_the_containers_sum() -> None:
    assert effective(pod([container(cpu="2")], resources={"limits": {"cpu": "4"}})) == {"cpu": 2000}


def resized(spec: int, allocated: int, actual: int | None = None, infeasible: bool = False) -> int:
    status = {
        "containerStatuses": [
            {
                "name": "c",
                "allocatedResources": {"cpu": str(allocated)},
                "resources": {"requests": {"cpu": str(allocated if actual is None else actual)}},
            }
        ],
        "conditions": [
            {"type": "PodResizePending", "status": "True", "reason": "Infeasible" if infeasible else "Deferred"}
        ],
    }
    return effective(pod([container(cpu=str(spec))], status=status))["cpu"] // 1000


@pytest.mark.parametrize(
    ("spec", "allocated", "infeasible", "expected"), [(2, 10, False, 10), (12, 2, False, 12), (12, 2, True, 2)]
)
def test_resize_in_flight(spec: int, allocated: int, infeasible: bool, expected: int) -> None:
    assert resized(spec, allocated, infeasible=infeasible) == expected


def test_what_a_container_still_has_counts() -> None:
    assert resized(1, 1, actual=6) == 6


def test_a_resize_does_not_touch_gpus() -> None:
    status = {"containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "9", GPU: "5"}}]}
    assert effective(pod([container(2, cpu="1")], status=status)) == {GPU: 2, "cpu": 9000}


def test_only_what_is_kept_is_read() -> None:
    main = [container(2, memory="rubbish")]
    assert effective(pod(main), GPU.__eq__) == {GPU: 2}
    with pytest.raises(BadQuantity):
        effective(pod(main))


@pytest.mark.parametrize("text", ["many", "", "-1", "1e99"])
def test_malformed_amounts(text: str) -> None:
    with pytest.raises(BadQuantity):
        effective(pod([container(text)]))


def test_a_thousand_is_a_legal_number_of_gpus() -> None:
    assert gpus([container("1k")]) == 1000


small = st.integers(0, 20)
inits = st.lists(st.tuples(small, st.booleans()), max_size=5)


@given(st.lists(small, max_size=4), inits, small)
def test_the_sum_is_the_worst_moment(main: list[int], init: list[tuple[int, bool]], overhead: int) -> None:
    """Played through: each init container beside the sidecars before it, then everything that stays."""
    containers = [container(amount, sidecar=sidecar) for amount, sidecar in init]
    moments = [sum(main) + sum(amount for amount, sidecar in init if sidecar)]
    for at, (amount, _) in enumerate(init):
        moments.append(amount + sum(before for before, sidecar in init[:at] if sidecar))
    answer = gpus([container(amount) for amount in main], containers, overhead={GPU: overhead})
    assert answer == max(moments) + overhead


@given(st.lists(small, min_size=1, max_size=4), inits, inits)
def test_more_containers_never_ask_for_less(
    main: list[int], init: list[tuple[int, bool]], more: list[tuple[int, bool]]
) -> None:
    def asked(some: list[tuple[int, bool]]) -> int:
        return gpus([container(one) for one in main], [container(amount, sidecar=side) for amount, side in some])

    assert asked(init) <= asked([*init, *more])
