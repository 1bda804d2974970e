"""What ResourceQuotas allow in GPUs."""

from typing import Any

from k8sai.fleet.quotas import Quota, gpu_quotas


def quota(namespace: str, hard: dict[str, Any], used: dict[str, Any] | None = None, name: str = "q") -> dict[str, Any]:
    status = {"hard": hard, "used": used or {}}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"hard": hard}, "status": status}


def test_only_what_is_about_gpus() -> None:
    hard = {"requests.nvidia.com/gpu": "16", "requests.cpu": "100", "pods": "10", "requests.nvidia.com/rdma": "1"}
    found = gpu_quotas([quota("a", hard, {"requests.nvidia.com/gpu": "12"}), quota("b", {"pods": "3"})])
    assert found == {"a": (Quota("q", "nvidia.com/gpu", 12, 16),)}


def test_the_least_left_first_and_device_classes_too() -> None:
    hard = {"requests.nvidia.com/gpu": "1k", "gpu.nvidia.com.deviceclass.resource.k8s.io/devices": "4"}
    used = {"gpu.nvidia.com.deviceclass.resource.k8s.io/devices": "4"}
    one, other = gpu_quotas([quota("a", hard, used)])["a"]
    assert (one.limits, one.full) == ("gpu.nvidia.com", True)
    assert (other.hard, other.used, other.full) == (1000, 0, False)


def test_a_quota_nobody_has_counted_yet_is_known_by_its_spec() -> None:
    fresh = {"metadata": {"name": "q", "namespace": "a"}, "spec": {"hard": {"requests.amd.com/gpu": 8}}}
    assert gpu_quotas([fresh])["a"] == (Quota("q", "amd.com/gpu", 0, 8),)


def test_what_cannot_be_read_limits_nothing() -> None:
    assert gpu_quotas([quota("a", {"requests.nvidia.com/gpu": "many"})]) == {"a": ()}
