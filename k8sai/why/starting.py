"""What a kubelet needs before a container can run: sandbox, volumes, configuration, devices."""

from typing import Final

from k8sai.cluster.reading import said
from k8sai.why.case import Case
from k8sai.why.containers import all_of, waiting
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "start"
_CONFIG: Final = ("CreateContainerConfigError",)
_CREATE: Final = ("CreateContainerError", "RunContainerError", "PreCreateHookError", "PostStartHookError", "StartError")
_DEVICE_WORDS: Final = ("nvidia", "cuda", "gpu", "device", "cdi", "amdgpu", "resource claim")


def check(case: Case) -> Layer:
    if not case.on_node:
        return no_matter(LAYER)
    describe = case.kubectl("describe", f"pod/{case.name}")
    for one in all_of(case):
        word, message = waiting(one)
        if word in _CONFIG:
            return reason(LAYER, "ConfigMissing", f"container {one['name']}: {message}", word, next=describe)
        if word in _CREATE:
            code = "DeviceFailed" if _about_devices(message) else "CrashLoop"
            return reason(
                LAYER, code, f"{case.node} cannot start container {one['name']}: {message}", word, next=describe
            )
    if any("running" in (one.get("state") or {}) for one in all_of(case)):
        return fine(LAYER)
    failed = said(case.events, "FailedPrepareDynamicResources")
    if failed:
        return reason(LAYER, "DeviceFailed", f"{case.node} cannot prepare its devices: {failed}", next=describe)
    mount = said(case.events, "FailedMount", "FailedAttachVolume", "FailedMapVolume")
    if mount:
        code = "ConfigMissing" if "not found" in mount else "VolumePending"
        return reason(LAYER, code, f"{case.node} cannot mount a volume: {mount}", next=describe)
    sandbox = said(case.events, "FailedCreatePodSandBox")
    if sandbox:
        return reason(LAYER, "Starting", f"{case.node} cannot make its sandbox: {sandbox}", next=describe)
    return fine(LAYER)


def _about_devices(message: str) -> bool:
    low = message.lower()
    return any(word in low for word in _DEVICE_WORDS)
