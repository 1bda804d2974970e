"""Kinds that steer others and that no controller here acts on: kept, completed, owned and shown."""

from typing import NamedTuple

import pytest

from tests.contract.api import TABLE, Api, Json
from tests.contract.objects import owned_by
from tests.contract.owners import owners

NETWORK, ADMISSION = "networking.k8s.io/v1", "admissionregistration.k8s.io/v1"
RULE = {"apiGroups": ["x"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["xs"]}
MATCH = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


class Case(NamedTuple):
    """A kind: what is sent, what comes back of it, and how a line of `kubectl get` reads (age aside)."""

    version: str
    plural: str
    kind: str
    sent: Json
    kept: Json
    cells: list[object]
    namespaced: bool = True

    def path(self, namespace: str) -> str:
        place = f"namespaces/{namespace}/" if self.namespaced else ""
        return f"/apis/{self.version}/{place}{self.plural}"

    def object(self, name: str, **metadata: object) -> Json:
        return {"apiVersion": self.version, "kind": self.kind, "metadata": {"name": name, **metadata}, **self.sent}


CASES = [
    Case(
        NETWORK,
        "networkpolicies",
        "NetworkPolicy",
        {"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "egress": [{"ports": [{"port": 80}]}]}},
        {
            "spec": {
                "podSelector": {"matchLabels": {"a": "b"}},
                "egress": [{"ports": [{"port": 80, "protocol": "TCP"}]}],
                "policyTypes": ["Ingress", "Egress"],
            }
        },
        ["a=b"],
    ),
    Case(
        NETWORK,
        "ingresses",
        "Ingress",
        {"spec": {"ingressClassName": "x", "tls": [{"hosts": ["a.b"]}], "rules": [{"host": "a.b"}]}},
        {
            "spec": {"ingressClassName": "x", "tls": [{"hosts": ["a.b"]}], "rules": [{"host": "a.b"}]},
            "status": {"loadBalancer": {}},
        },
        ["x", "a.b", "", "80, 443"],
    ),
    Case(
        NETWORK,
        "ingressclasses",
        "IngressClass",
        {"spec": {"controller": "a.b/c", "parameters": {"kind": "P", "name": "p"}}},
        {"spec": {"controller": "a.b/c", "parameters": {"kind": "P", "name": "p", "scope": "Cluster"}}},
        ["a.b/c", "P/p"],
        namespaced=False,
    ),
    Case(
        "autoscaling/v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        {"spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}}},
        {
            "spec": {
                "maxReplicas": 3,
                "minReplicas": 1,
                "metrics": [CPU],
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"},
            }
        },
        ["Deployment/none", "cpu: <unknown>/80%", "1", 3, 0],
    ),
    Case(
        ADMISSION,
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        {"spec": {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "true"}]}},
        {
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {**MATCH, "resourceRules": [{**RULE, "scope": "*"}]},
                "validations": [{"expression": "true"}],
            }
        },
        [1, "<unset>"],
        namespaced=False,
    ),
    Case(
        ADMISSION,
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        {
            "spec": {
                "policyName": "p",
                "validationActions": ["Deny"],
                "paramRef": {"name": "x", "parameterNotFoundAction": "Deny"},
                "matchResources": {"resourceRules": [RULE]},
            }
        },
        {
            "spec": {
                "policyName": "p",
                "validationActions": ["Deny"],
                "paramRef": {"name": "x", "parameterNotFoundAction": "Deny"},
                "matchResources": {**MATCH, "resourceRules": [{**RULE, "scope": "*"}]},
            }
        },
        ["p", "*/x"],
        namespaced=False,
    ),
    *(
        Case(
            ADMISSION,
            f"{word.lower()}webhookconfigurations",
            f"{word}WebhookConfiguration",
            {
                "webhooks": [
                    {
                        "name": "a.b.c",
                        "admissionReviewVersions": ["v1"],
                        "sideEffects": "None",
                        "failurePolicy": "Ignore",
                        "clientConfig": {"service": {"namespace": "x", "name": "y"}},
                        "rules": [RULE],
                    }
                ]
            },
            {
                "webhooks": [
                    {
                        "name": "a.b.c",
                        "admissionReviewVersions": ["v1"],
                        "sideEffects": "None",
                        "failurePolicy": "Ignore",
                        "clientConfig": {"service": {"namespace": "x", "name": "y", "port": 443}},
                        "rules": [{**RULE, "scope": "*"}],
                        "timeoutSeconds": 10,
                        **MATCH,
                        **more,
                    }
                ]
            },
            [1],
            namespaced=False,
        )
        for word, more in (("Validating", {}), ("Mutating", {"reinvocationPolicy": "Never"}))
    ),
]
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.plural)


@EACH
def test_kept_and_completed(api: Api, namespace: str, case: Case) -> None:
    path = case.path(namespace)
    try:
        made = api.post(path, case.object(f"rule-{namespace}")).ok()
        assert {key: made[key] for key in case.kept} == case.kept
        assert made["metadata"]["generation"] == 1
        (columns,) = api.get(path, {"fieldSelector": f"metadata.name=rule-{namespace}"}, TABLE).ok()["rows"]
        assert columns["cells"][:-1] == [f"rule-{namespace}", *case.cells]
    finally:
        api.delete(f"{path}/rule-{namespace}")


@EACH
def test_applied_twice(api: Api, namespace: str, case: Case) -> None:
    path = f"{case.path(namespace)}/applied-{namespace}"
    try:
        made = api.apply(path, case.object(f"applied-{namespace}"))
        assert made.status == 201
        assert set(owners(made.ok())) == {("one", "Apply")}
        again = api.apply(path, case.object(f"applied-{namespace}")).ok()
        assert again["metadata"]["generation"] == 1
        assert owners(again)["one", "Apply"] == owners(made.ok())["one", "Apply"]
        labelled = api.apply(path, case.object(f"applied-{namespace}", labels={"a": "b"})).ok()
        assert labelled["metadata"]["labels"] == {"a": "b"}
        assert labelled["metadata"]["generation"] == 1
    finally:
        api.delete(path)


def test_an_autoscalers_behaviour_is_completed(api: Api, namespace: str) -> None:
    case = next(case for case in CASES if case.kind == "HorizontalPodAutoscaler")
    body = case.object("h")
    body["spec"] = {**body["spec"], "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}
    behavior = api.post(case.path(namespace), body).ok()["spec"]["behavior"]
    assert behavior == {
        "scaleDown": {
            "stabilizationWindowSeconds": 60,
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
        },
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ],
        },
    }


def test_they_go_with_their_owner(api: Api, namespace: str, core: str) -> None:
    owner = api.post(f"{core}/configmaps", {"metadata": {"name": "owner"}}).ok()
    owner = {"apiVersion": "v1", "kind": "ConfigMap", **owner}
    case = CASES[0]
    api.post(case.path(namespace), case.object("owned", ownerReferences=[owned_by(owner)])).ok()
    api.delete(f"{core}/configmaps/owner").ok()
    api.until_gone(f"{case.path(namespace)}/owned")
