"""Defaults of the smaller parts of a pod's spec: probes, hooks, variables and volumes.

Source: `pkg/apis/core/v1/defaults.go`.
"""

from typing import Any

from k8sai.sim.objects import Obj

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_TIMES = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_WITH_MODE = ("configMap", "downwardAPI", "projected", "secret")
_MODE = 0o644


def fill_container_parts(container: Obj) -> None:
    """Probes, hooks and variables of a container."""
    for name in _PROBES:
        probe = container.get(name)
        if isinstance(probe, dict):
            for field, value in _TIMES.items():
                probe.setdefault(field, value)
            _http(probe)
            if isinstance(probe.get("grpc"), dict):
                probe["grpc"].setdefault("service", "")
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _http(hook)
    for variable in container.get("env") or ():
        _field(variable.get("valueFrom") if isinstance(variable, dict) else None)


def _http(action: Obj) -> None:
    get = action.get("httpGet")
    if isinstance(get, dict):
        get.setdefault("path", "/")
        get.setdefault("scheme", "HTTP")


def _field(source: Any) -> None:
    """A reference to a field of the pod itself."""
    reference = source.get("fieldRef") if isinstance(source, dict) else None
    if isinstance(reference, dict):
        reference.setdefault("apiVersion", "v1")


def fill_volumes(spec: Obj) -> None:
    """Modes of files, and what a volume is that says nothing."""
    for volume in spec.get("volumes") or ():
        if not isinstance(volume, dict):
            continue
        if volume.keys() == {"name"}:
            volume["emptyDir"] = {}
        for name in _WITH_MODE:
            if isinstance(volume.get(name), dict):
                volume[name].setdefault("defaultMode", _MODE)
        if isinstance(volume.get("hostPath"), dict):
            volume["hostPath"].setdefault("type", "")
        claim = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if isinstance(claim, dict) and isinstance(claim.get("spec"), dict):
            claim["spec"].setdefault("volumeMode", "Filesystem")
        for source in (volume.get("projected") or {}).get("sources") or ():
            _projected(source)
        for item in (volume.get("downwardAPI") or {}).get("items") or ():
            _field(item)


def _projected(source: Obj) -> None:
    if isinstance(source.get("serviceAccountToken"), dict):
        source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
    for item in (source.get("downwardAPI") or {}).get("items") or ():
        _field(item)
