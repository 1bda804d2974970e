"""Each rule with an object it speaks of, and the same object mended, of which it says nothing."""

from pathlib import Path
from textwrap import dedent

import pytest

from k8sai.cookbook.lint.finding import Finding
from k8sai.cookbook.lint.run import lint, lint_recipe
from k8sai.manifests import parse
from k8sai.pod_specs import MOST_PODSETS
from tests.cookbook.making import HEAD, recipe

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  tolerations: [{key: nvidia.com/gpu, operator: Exists}]
  volumes: [{name: shm, emptyDir: {medium: Memory}}]
  containers:
  - name: main
    image: nginx:1.27
    command: [run]
    env: [{name: A, value: "1"}]
    ports: [{containerPort: 80}]
    resources: {limits: {nvidia.com/gpu: 1, cpu: "1"}}
    volumeMounts: [{name: shm, mountPath: /dev/shm}]
    startupProbe: {httpGet: {path: /, port: 80}}
    livenessProbe: {httpGet: {path: /, port: 80}}
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: a}
spec:
  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}
  template:
    spec:
      restartPolicy: Never
      tolerations: [{operator: Exists}]
      containers: [{name: main, image: "a:1", resources: {limits: {nvidia.com/gpu: 1}}}]
"""
SERVICE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: a}
spec: {template: {spec: {containers: [{image: "a:1"}]}}, traffic: [{percent: 90}, {percent: 10}]}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {}
  egress: [{ports: [{port: 53, protocol: UDP}]}, {to: [{namespaceSelector: {matchLabels: {team: a}}}]}]
"""
FLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec: {entrypoint: main, templates: [{name: main, dag: {tasks: [{name: x, template: step}]}}, {name: step}]}
"""
TFJOB = """\
apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: a}
spec: {tfReplicaSpecs: {Worker: {replicas: 1, template: {spec: {containers: [{name: tensorflow, image: "a:1"}]}}}}}
"""
ISVC = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: a, annotations: {serving.kserve.io/deploymentMode: Knative}}
spec: {predictor: {canaryTrafficPercent: 10}, canary: [{trafficPercent: 10}]}
"""
SETS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {any: "version: v1\\nsharing: {timeSlicing: {}}\\n"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: models}
spec: {accessModes: [ReadWriteMany]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 2
  template:
    spec:
      tolerations: [{operator: Exists}]
      volumes: [{name: c, configMap: {name: config}}, {name: m, persistentVolumeClaim: {claimName: models}}]
      containers: [{name: main, image: "a:1", resources: {limits: {nvidia.com/mig-1g.5gb: 1}}}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: a}
spec: {scaleTargetRef: {name: a}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: a}
spec: {scaleTargetRef: {kind: Deployment, name: b}}
---
apiVersion: nvidia.com/v1
kind: ClusterPolicy
metadata: {name: a}
spec: {mig: {strategy: mixed}}
"""
GOOD = {
    "pod": POD,
    "job": JOB,
    "service": SERVICE,
    "policy": POLICY,
    "flow": FLOW,
    "tfjob": TFJOB,
    "isvc": ISVC,
    "sets": SETS,
}


def said(text: str) -> list[Finding]:
    return lint(parse(text.encode(), "a.yaml"))


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_is_left_alone(name: str) -> None:
    assert said(GOOD[name]) == []


@pytest.mark.parametrize(
    ("good", "old", "new", "rule", "where"),
    [
        ("pod", "nginx:1.27", "nginx", "floating-tag", "spec.containers[0].image"),
        ("pod", "nginx:1.27", "nginx:latest", "floating-tag", "spec.containers[0].image"),
        ("pod", "nginx:1.27", "a.b/c:latest-gpu", "floating-tag", "spec.containers[0].image"),
        ("pod", "nginx:1.27", "localhost:5000/nginx", "floating-tag", "spec.containers[0].image"),
        ("pod", "gpu: 1", "gpu: 0.5", "gpu-request", "spec.containers[0].resources.limits.nvidia.com/gpu"),
        ("pod", "{limits: {nv", "{requests: {nv", "gpu-request",
         "spec.containers[0].resources.requests.nvidia.com/gpu"),
        ("pod", 'cpu: "1"', "cpu: one", "quantity", "spec.containers[0].resources.limits.cpu"),
        ("pod", "name: A", "name: CUDA_VISIBLE_DEVICES", "hand-set-env", "spec.containers[0].env[0]"),
        ("pod", 'value: "1"', "value: 1", "env-text", "spec.containers[0].env[0].value"),
        ("pod", '"1"}]', '"1"}, {name: A}]', "duplicate-key", "spec.containers[0].env"),
        ("pod", "80}]", "80}, {containerPort: 80, protocol: TCP}]", "duplicate-key", "spec.containers[0].ports"),
        ("pod", "Memory}}]", "Memory}}, {name: shm}]", "duplicate-key", "spec.volumes"),
        ("pod", "{name: shm, m", "{name: shmem, m", "undeclared-volume", "spec.containers[0].volumeMounts[0]"),
        ("pod", "spec:", "spec:\n  hostPID: true", "needless-rights", "spec.hostPID"),
        ("pod", "[run]", "[run]\n    securityContext: {privileged: true}", "needless-rights",
         "spec.containers[0].securityContext.privileged"),
        ("pod", "[run]", "[run]\n    securityContext: {capabilities: {add: [SYS_ADMIN]}}", "needless-rights",
         "spec.containers[0].securityContext.capabilities.add"),
        ("pod", "key: nvidia.com/gpu", "key: other", "missing-toleration", "spec.tolerations"),
        ("pod", "key: nvidia.com/gpu, operator: Exists", "key: nvidia.com/gpu, operator: Exists, effect: NoExecute",
         "missing-toleration", "spec.tolerations"),
        ("pod", "[run]\n    env", "[torchrun]\n    workingDir: /\n    env", "", ""),
        ("pod", "    startupProbe: {httpGet: {path: /, port: 80}}\n", "", "liveness-before-load",
         "spec.containers[0].livenessProbe"),
        ("pod", "kind: Pod", "kind: Podd", "unknown-kind", "kind"),
        ("pod", "v1\nkind: Pod", "v1\nkind: SecurityContext", "unknown-kind", "kind"),
        ("pod", "name: a}", "name: A_b}", "name", "metadata.name"),
        ("job", "name: a}", f"name: {'a' * 64}}}", "name", "metadata.name"),
        ("job", "batch/v1", "batch/v1beta1", "removed-version", "apiVersion"),
        ("job", "batch/v1", "bacth/v1", "unknown-kind", "apiVersion"),
        ("job", "Never", "Always", "job-restart-policy", "spec.template.spec.restartPolicy"),
        ("job", "      restartPolicy: Never\n", "", "job-restart-policy", "spec.template.spec.restartPolicy"),
        ("job", "action: Ignore", "action: FailJob", "eviction-counts", "spec.podFailurePolicy"),
        ("service", "percent: 90", "percent: 80", "traffic", "spec.traffic"),
        ("policy", "port: 53", "port: 443", "egress-without-dns", "spec.egress"),
        ("policy", "{team: a}", "{name: a}", "namespace-label", "spec.egress[1]"),
        ("flow", "template: step", "template: gone", "missing-reference", "spec.templates[0]"),
        ("flow", "entrypoint: main", "entrypoint: gone", "missing-reference", "spec.entrypoint"),
        ("tfjob", "name: tensorflow", "name: main", "container-name",
         "spec.tfReplicaSpecs.Worker.template.spec.containers"),
        ("isvc", "Mode: Knative", "Mode: Standard", "traffic", "spec.predictor.canaryTrafficPercent"),
        ("isvc", "trafficPercent: 10}]", "trafficPercent: 60}, {trafficPercent: 60}]", "traffic", "spec.canary"),
        ("sets", "configMap: {name: config}", "configMap: {name: other}", "unread-config", ""),
        ("sets", "metadata: {name: config}", "metadata: {name: cluster-autoscaler-status}", "written-by-controller",
         "metadata.name"),
        ("sets", "version: v1\\n", "", "plugin-config", "data.any"),
        ("sets", "{timeSlicing: {}}", "{timeSlicing: {}, mps: {}}", "plugin-config", "data.any"),
        ("sets", "ReadWriteMany", "ReadWriteOnce", "volume-shared", "spec.template.spec.volumes"),
        ("sets", "kind: Deployment, name: b", "kind: Deployment, name: a", "two-scalers", "spec.scaleTargetRef"),
        ("sets", "strategy: mixed", "strategy: single", "mig-strategy", ""),
        ("sets", "kind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: a}}\n---\napiVersion: "
         "autoscaling/v2\nkind: HorizontalPodAutoscaler", "kind: ScaledObject\nmetadata: {name: a}\nspec: "
         "{scaleTargetRef: {name: x}}\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject", "twice", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_where_it_is(good: str, old: str, new: str, rule: str, where: str) -> None:
    assert old in GOOD[good]
    found = [(each.rule, each.where) for each in said(GOOD[good].replace(old, new, 1))]
    assert ((rule, where) in found) if rule else found == []


def test_a_channel_of_a_compute_domain_brings_no_gpus() -> None:
    claiming = POD.replace("spec:\n", "spec:\n  resourceClaims: [{name: c, resourceClaimTemplateName: channel}]\n", 1)
    domain = """\
apiVersion: resource.nvidia.com/v1beta1
kind: ComputeDomain
metadata: {name: a}
spec: {numNodes: 2, channel: {resourceClaimTemplate: {name: channel}}}
"""
    assert "two-drivers" in {each.rule for each in said(claiming)}
    assert "two-drivers" not in {each.rule for each in said(f"{claiming}---\n{domain}")}


def test_training_without_shared_memory() -> None:
    text = POD.replace("[run]", "[torchrun, train.py]")
    assert said(text) == []
    without = text.replace("    volumeMounts: [{name: shm, mountPath: /dev/shm}]\n", "")
    assert [each.rule for each in said(without)] == ["no-shm"]


@pytest.mark.parametrize(
    ("version", "kind", "rule", "level"),
    [
        ("resource.k8s.io/v1alpha3", "ResourceClaim", "removed-version", "error"),
        ("resource.k8s.io/v1beta1", "ResourceClaim", "old-version", "warning"),
        ("resource.k8s.io/v1", "ResourceClaim", "", ""),
        ("kueue.x-k8s.io/v1beta1", "LocalQueue", "old-version", "warning"),
        ("kueue.x-k8s.io/v1beta2", "LocalQueue", "", ""),
        ("lifecycle.k8s.io/v1alpha1", "EvictionRequest", "gated-version", "warning"),
        ("kyverno.io/v1", "ClusterPolicy", "old-version", "warning"),
        ("kyverno.io/v2", "CleanupPolicy", "", ""),
        ("jobset.x-k8s.io/v1alpha2", "JobSet", "", ""),
        ("example.com/v1", "Anything", "", ""),
    ],
)
def test_versions_that_went_or_go(version: str, kind: str, rule: str, level: str) -> None:
    found = said(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n")
    assert [(each.rule, each.severity) for each in found] == ([(rule, level)] if rule else [])


def test_more_kinds_of_pods_than_kueue_takes() -> None:
    assert podsets(MOST_PODSETS) == []
    assert podsets(MOST_PODSETS + 1) == ["podsets"]


def podsets(count: int) -> list[str]:
    jobs = ", ".join(f"{{name: j{number}}}" for number in range(count))
    text = "apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\n"
    text += "metadata: {name: a, labels: {kueue.x-k8s.io/queue-name: q}}\n"
    text += f"spec: {{replicatedJobs: [{jobs}]}}\n"
    return [each.rule for each in said(text) if each.rule == "podsets"]


def test_objects_of_odd_shapes_are_no_bug() -> None:
    for odd in ("spec: 1", "spec: [1]", "spec: {containers: 1}", "spec: {containers: [1]}", "spec: {template: []}",
                "spec: {containers: [{name: a, env: 1, ports: {}, resources: [], volumeMounts: [1]}]}"):  # fmt: skip
        for kind in ("v1\nkind: Pod", "batch/v1\nkind: Job", "networking.k8s.io/v1\nkind: NetworkPolicy",
                     "argoproj.io/v1alpha1\nkind: Workflow", "v1\nkind: ConfigMap"):  # fmt: skip
            said(f"apiVersion: {kind}\nmetadata: {{name: a}}\n{odd}\n")


TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "${name}"}
data:
  {gpus: "${gpus}", queue: {$if: "queue != null", then: "${queue}"}, memory: {$if: "memory != null", then: "${memory}"},
  mode: {$if: "mode != null", then: "${mode}"}, args: {$json: {$eval: args}}, env: {$json: {$eval: env}}}
"""


def rules_of(folder: Path, head: str = HEAD, template: str = TEMPLATE) -> list[tuple[str, str, str]]:
    (folder / "a-test").mkdir(exist_ok=True)
    (folder / "a-test" / "README.md").write_text("# A test\n\n```console\n$ kubectl ai-scaffold a-test -o -\n```\n")
    return [
        (each.rule, each.severity, each.message) for each in lint_recipe(recipe(folder, head, config=dedent(template)))
    ]


def test_a_recipe_whose_parameters_are_used_and_tried(tmp_path: Path) -> None:
    found = rules_of(tmp_path)
    assert {rule for rule, _, _ in found} == {"untested-parameter", "unread-config"}
    tried = HEAD + "- {name: all, set: {name: a, gpus: 2, queue: q, mode: fast, memory: 1Gi, args: [a], env: {A: b}}}\n"
    tried += "- {name: none, fails: name}\n"
    assert {rule for rule, _, _ in rules_of(tmp_path, tried)} == {"unread-config"}


@pytest.mark.parametrize(
    ("head", "template", "rule"),
    [
        (HEAD, TEMPLATE.replace("${gpus}", "8"), "unused-parameter"),
        (HEAD.replace("type: integer, ", ""), TEMPLATE, "parameter"),
        (HEAD.replace(", examples: [qwen]", ""), TEMPLATE, "parameter"),
        (HEAD, TEMPLATE + "# x\n---\n$map: {a: 1, b: 2}\neach(x): {apiVersion: v1}\n", "map-over-mapping"),
        (HEAD, TEMPLATE.replace('"${gpus}"', '"${gpus}", plain: yes'), "ambiguous"),
        (HEAD, TEMPLATE.replace('"${gpus}"', '"${gpus}", plain: 0x'), ""),
        (HEAD.replace("set: {name: qwen}", "set: {name: qwen}\n  makes: [Secret/x]"), TEMPLATE, "test"),
        (HEAD, TEMPLATE.replace("${gpus}", "${gpsu}"), "test"),
        (HEAD, TEMPLATE.replace('"${gpus}"', '"${gpus}", left: "$${gpus}"'), "leftover"),
        (HEAD, TEMPLATE.replace('"${gpus}"', '"${gpus}", right: "$${HOME}"'), ""),
    ],
)
def test_recipes_that_do_not_say_what_they_mean(tmp_path: Path, head: str, template: str, rule: str) -> None:
    found = {each for each, _, _ in rules_of(tmp_path, head, template)}
    assert rule in found if rule else found == {"untested-parameter", "unread-config"}
