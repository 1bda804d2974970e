"""Rules about GPU nodes: each with what it speaks of, and the same mended."""

from textwrap import dedent

import pytest

from k8sai.cookbook.lint.run import lint
from k8sai.manifests import parse

EXPORTER = """\
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: dcgm-exporter}
    spec:
      template:
        spec:
          tolerations: [{key: nvidia.com/gpu, operator: Exists}]
          containers:
          - name: exporter
            image: registry.example.com/dcgm-exporter:4.5.2
            env: [{name: DCGM_EXPORTER_KUBERNETES, value: "true"}, {name: NCCL_IB_DISABLE, value: "0"}]
            securityContext: {capabilities: {add: [SYS_ADMIN]}}
            volumeMounts: [{name: pods, mountPath: /var/lib/kubelet/pod-resources}]
          volumes: [{name: pods, hostPath: {path: /var/lib/kubelet/pod-resources/}}]
"""
RULE = """\
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: gpu}
    spec: {groups: [{name: gpu, rules: [{record: a, expr: DCGM_FI_DEV_FB_USED}]}]}
"""


def said(text: str) -> list[tuple[str, str, str]]:
    return [(each.rule, each.severity, each.where) for each in lint(parse(dedent(text).encode(), "a.yaml"))]


@pytest.mark.parametrize("text", [EXPORTER, RULE])
def test_what_is_right_is_left_alone(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "wanted"),
    [
        (EXPORTER, "pod-resources/}", "plugins}", ("missing-mount", "error", "containers[0].volumeMounts")),
        (EXPORTER, "containers:\n", "hostPID: true\n          containers:\n", ("needless-rights", "error", "hostPID")),
        (EXPORTER, 'value: "0"', 'value: "1"', ("network-off", "warning", "containers[0].env")),
        (EXPORTER, "[{", "[{key: karpenter.sh/disrupted}, {", ("tolerates-removal", "error", "tolerations[0]")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, old: str, new: str, wanted: tuple[str, str, str]) -> None:
    rule, severity, where = wanted
    assert said(text.replace(old, new, 1)) == [(rule, severity, f"spec.template.spec.{where}")]


def test_an_exporter_that_names_no_pods_needs_no_mount() -> None:
    text = EXPORTER.replace('KUBERNETES, value: "true"', 'KUBERNETES, value: "false"')
    assert said(text.replace("pod-resources/}", "plugins}")) == []


def test_a_metric_that_is_not_exported() -> None:
    assert said(RULE.replace("FB_USED", "FB_TOTAL")) == [("unknown-metric", "warning", "")]
