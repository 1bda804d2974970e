"""The recipe `checkpoint-ask` brings the file that users copy, to the letter.

python -m tests.evict.test_checkpoint_recipe    # after a change of the file
"""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from k8sai.evict.contracts.read import contract_of
from k8sai.evict.facts import Gang, Ref
from tests.evict.training import FILE

TEMPLATE = Path(__file__).parents[2] / "recipes/checkpoint-ask/configmap.yaml"
NO_READING: Any = None  # annotations are enough
HEAD = """$if: file_from == null
then:
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: ${name}-checkpoint
    labels:
      app.kubernetes.io/name: checkpoint-ask
      app.kubernetes.io/instance: ${name}
  data:
    # What the trainer imports, and what is executed to ask it. Made from k8sai/evict/workload.
    k8sai_checkpoint.py: |
"""


def template() -> str:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return HEAD + "".join(f"      {line}".rstrip() + "\n" for line in lines)


def test_the_recipe_brings_the_file_itself() -> None:
    assert TEMPLATE.read_text(encoding="utf-8") == template()
    loaded = YAML(typ="safe").load(TEMPLATE)
    assert loaded["then"]["data"]["k8sai_checkpoint.py"] == FILE.read_text(encoding="utf-8")


def test_nothing_in_it_is_taken_for_a_parameter() -> None:
    assert "${" not in FILE.read_text(encoding="utf-8")


def test_its_contract_is_understood() -> None:
    shown = (TEMPLATE.parent / "README.md").read_text(encoding="utf-8").partition("-o -\n")[2].partition("```")[0]
    jobset = YAML(typ="safe").load(shown)
    gang = Gang("u", Ref("jobsets.jobset.x-k8s.io", "ml", "finetune"), "JobSet", (), (jobset,))
    contract = contract_of(gang, NO_READING)
    assert contract.wrong == ()
    assert contract.methods == ("exec", "suspend") and contract.scope == "rank0"
    assert contract.exec == ("python", "/k8sai/k8sai_checkpoint.py", "request")
    assert contract.verify == ("python", "/k8sai/k8sai_checkpoint.py", "verify")
    assert (contract.deadline, contract.interval, contract.after) == (900, 1800, "pause")
    assert (contract.path, contract.durable) == ("/checkpoints", "pvc")


if __name__ == "__main__":
    TEMPLATE.write_text(template(), encoding="utf-8")
