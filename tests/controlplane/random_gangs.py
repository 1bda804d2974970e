"""The gang of a random case: pods alike, with a random choice of what the scheduler has rules for."""

import random
from collections.abc import Sequence

from tests.contract.api import Json
from tests.controlplane import dra
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.random_cases import (
    AMD,
    BRIDGED,
    CASE,
    GATE,
    HOST,
    MIG,
    ZONE,
    Case,
    asking,
    case_pod,
    class_for,
    required,
    term,
    use_claim,
)


class Gang:
    def __init__(self, rng: random.Random, case: Case) -> None:
        self.rng, self.case = rng, case

    def draw(self, devices: str) -> None:
        rng, case = self.rng, self.case
        pod = case_pod("", case, self._requests(devices), {"role": "gang"})
        pod["spec"]["schedulingGates"] = [GATE]
        drawn = rng.sample(
            ("tolerate", "tolerate", "selector", "affinity", "port", "apart", "near", "spread", "init", "volume"),
            rng.choice((0, 0, 1, 2) if devices else (0, 1, 1, 2, 2, 3)),
        )
        if devices:
            self._claim(pod, devices)
        for what in dict.fromkeys(drawn):
            getattr(self, f"_{what}")(pod)
        case.said.append(f"gang={drawn}")
        for number in range(rng.choice((1, 2, 3, 4, 6, 8))):
            case.gang.append({**pod, "metadata": {**pod["metadata"], "name": f"{case.name}-gang-{number}"}})

    def _requests(self, devices: str) -> Json:
        rng = self.rng
        wanted = {"cpu": rng.choice(("500m", "1", "2", "4")), "memory": rng.choice(("1Gi", "4Gi", "16Gi"))}
        there = {k for n in self.case.nodes for k in n["status"]["allocatable"] if k in (GPU, AMD, MIG)}
        if there and not (devices and rng.random() < 0.8):
            wanted[rng.choice(sorted(there))] = str(rng.choice((1, 1, 2, 4, 8)))
        return wanted

    def _claim(self, pod: Json, devices: str) -> None:
        rng, case = self.rng, self.case
        kind = rng.choice(
            ("count", "count", "selector", "all", "first", "match", "capacity", "tolerate", "bridge", "shared")
        )
        case.said.append(f"claim={kind}")
        if kind == "bridge":
            amount = {BRIDGED: str(rng.choice((1, 2)))}
            resources = pod["spec"]["containers"][0]["resources"]
            resources |= {"requests": resources["requests"] | amount, "limits": resources["limits"] | amount}
            return
        name = f"{case.name}-gang"
        template = dra.claim_template(name, class_for(rng, devices), rng.choice((1, 1, 2, 3)))
        spec = template["spec"]["spec"]["devices"]
        exactly = spec["requests"][0]["exactly"]
        if kind == "selector":
            memory = rng.choice((10, 20, 40, 80))
            expression = f"device.capacity['{dra.DRIVER}'].memory.compareTo(quantity('{memory}Gi')) >= 0"
            exactly["selectors"] = [{"cel": {"expression": expression}}]
        elif kind == "all":
            exactly.pop("count")
            exactly["allocationMode"] = "All"
        elif kind == "first":
            large = {**exactly, "name": "large", "deviceClassName": "cards", "count": 4}
            spec["requests"][0] = {"name": "cards", "firstAvailable": [large, {**exactly, "name": "small"}]}
        elif kind == "match":
            exactly |= {"deviceClassName": "cards", "count": 2}
            spec["constraints"] = [{"requests": ["cards"], "matchAttribute": f"{dra.DRIVER}/numa"}]
        elif kind == "capacity":
            exactly["capacity"] = {"requests": {"memory": rng.choice(("20Gi", "30Gi", "80Gi"))}}
        elif kind == "tolerate":
            exactly["tolerations"] = [{"key": "ecc", "operator": "Exists"}]
        elif kind == "shared":
            # Its first pod decides where all others go: on one node, so that it is no matter of taste how many fit.
            template |= {"kind": "ResourceClaim", "spec": template["spec"]["spec"]}
            pod["spec"]["nodeSelector"] |= {HOST: rng.choice(case.nodes)["metadata"]["name"]}
        case.templates.append(template)
        use_claim(pod, name, shared=kind == "shared")

    def _tolerate(self, pod: Json) -> None:
        any_spot = {"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
        choices = ([{"key": GPU, "operator": "Exists"}], [{"operator": "Exists"}], [any_spot])
        pod["spec"]["tolerations"] = self.rng.choice(choices)

    def _selector(self, pod: Json) -> None:
        pod["spec"]["nodeSelector"] |= {"pool": self.rng.choice(("a", "b"))}

    def _affinity(self, pod: Json) -> None:
        expression = self.rng.choice(
            (
                {"key": "rack", "operator": "Gt", "values": ["4"]},
                {"key": "pool", "operator": "NotIn", "values": ["a"]},
                {"key": ZONE, "operator": "Exists"},
                {"key": f"{GPU}.product", "operator": "In", "values": ["NVIDIA-H100-80GB-HBM3"]},
            )
        )
        last = self.case.nodes[-1]["metadata"]["name"]
        terms = [{"matchExpressions": [expression]}]
        if self.rng.random() < 0.5:
            terms.append({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [last]}]})
        self._affine(pod)["nodeAffinity"] = required({"nodeSelectorTerms": terms})

    def _port(self, pod: Json) -> None:
        pod["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": self.rng.choice((8080, 9090))}]

    def _apart(self, pod: Json) -> None:
        apart = term(self.case, self.rng.choice((HOST, HOST, ZONE)), {"role": self.rng.choice(("gang", "gang", "web"))})
        self._affine(pod)["podAntiAffinity"] = required(apart)

    def _near(self, pod: Json) -> None:
        key = self.rng.choice((HOST, ZONE, ZONE))
        self._affine(pod)["podAffinity"] = required(term(self.case, key, {"role": self.rng.choice(("store", "web"))}))

    def _spread(self, pod: Json) -> None:
        constraint = {
            "maxSkew": self.rng.choice((1, 1, 2)),
            "topologyKey": self.rng.choice((ZONE, HOST)),
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {CASE: self.case.name, "role": "gang"}},
        }
        by_key = {"matchLabelKeys": ["role"], "labelSelector": {"matchLabels": {CASE: self.case.name}}}
        extra: Sequence[Json] = ({}, {}, {"nodeTaintsPolicy": "Honor"}, {"minDomains": 3}, by_key)
        pod["spec"]["topologySpreadConstraints"] = [{**constraint, **self.rng.choice(extra)}]

    def _init(self, pod: Json) -> None:
        requests = pod["spec"]["containers"][0]["resources"]["requests"]
        more = {k: v if "/" in k else f"{self.rng.choice((100, 5000))}m" for k, v in requests.items() if k != "memory"}
        sidecar = {**asking("proxy", {"cpu": "250m"}), "restartPolicy": "Always"}
        pod["spec"]["initContainers"] = self.rng.sample([sidecar, asking("check", more)], self.rng.choice((1, 2)))

    def _volume(self, pod: Json) -> None:
        rng, case = self.rng, self.case
        name, kind = f"{case.name}-data", rng.choice(("missing", "bound", "once", "local"))
        case.said.append(f"volume={kind}")
        pod["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
        if kind == "missing":
            return
        spec: Json = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        spec["storageClassName"] = "local" if kind == "local" else ""
        if kind == "once":
            spec["accessModes"] = ["ReadWriteOncePod"]
        if kind != "local":
            spec["volumeName"] = name
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}
        case.volume_claims.append(claim)
        volume: Json = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "2Gi"},
                "accessModes": spec["accessModes"],
                "storageClassName": spec["storageClassName"],
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": "/data"},
            },
        }
        where = rng.choice(
            (
                [],
                [{"key": ZONE, "operator": "In", "values": ["zone-0"]}],
                [{"key": "pool", "operator": "In", "values": ["a"]}],
            )
        )
        where = [*where, {"key": CASE, "operator": "In", "values": [case.name]}]
        volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": where}]}}
        case.volumes.append(volume)

    def _affine(self, pod: Json) -> Json:
        found: Json = pod["spec"].setdefault("affinity", {})
        return found
