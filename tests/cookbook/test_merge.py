"""Three versions of files as one: by objects, by merge keys, on the lines as somebody wrote them."""

from textwrap import dedent

import pytest

from k8sai.cookbook.merge import Conflict, Merged, merge
from k8sai.cookbook.merge_marks import GONE, first_mark
from k8sai.errors import Usage

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: qwen
spec:
  # One is enough.
  replicas: 1
  template:
    spec:
      containers:
      - name: vllm
        image: vllm:1
        args:
        - --port=8000
        - --model=qwen
        env:
        - {name: HOME, value: /cache}
        - name: LEVEL # said at the start
          value: info
        ports:
        - containerPort: 8000
        - {containerPort: 8000, protocol: UDP}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: qwen
spec:
  ports:
  - port: 80
"""


def three(yours: str, new: str, base: str = DEPLOYMENT) -> Merged:
    return merge({"a.yaml": base}, {"a.yaml": yours}, {"a.yaml": new})


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for before, after in pairs:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def one(found: Merged) -> Conflict:
    (conflict,) = found.conflicts
    return conflict


# --- no conflict ------------------------------------------------------------------------------------------------------


def test_each_side_changes_something() -> None:
    mine = ("replicas: 1\n", "replicas: 3 # mine\n"), ("  # One is enough.\n", "  # Three, says Ann.\n")
    theirs = ("image: vllm:1", "image: vllm:2"), ("value: info", "value: debug")
    found = three(changed(DEPLOYMENT, *mine), changed(DEPLOYMENT, *theirs))
    assert found == Merged({"a.yaml": changed(DEPLOYMENT, *mine, *theirs)})


def test_both_add_to_a_list_with_keys() -> None:
    env = "        - {name: HOME, value: /cache}\n"
    mine = changed(DEPLOYMENT, (env, env + "        - {name: MINE, value: a}\n"))
    theirs = changed(
        DEPLOYMENT, ("          value: info\n", "          value: info\n        # for tests\n        - name: THEIRS\n")
    )
    both = changed(
        mine, ("          value: info\n", "          value: info\n        # for tests\n        - name: THEIRS\n")
    )
    assert three(mine, theirs) == Merged({"a.yaml": both})


def test_ports_are_known_by_number_and_protocol() -> None:
    mine = changed(DEPLOYMENT, ("- containerPort: 8000\n", "- containerPort: 8000\n          hostPort: 1\n"))
    theirs = changed(
        DEPLOYMENT, ("{containerPort: 8000, protocol: UDP}", "{containerPort: 8000, protocol: UDP, hostPort: 2}")
    )
    text = three(mine, theirs).files["a.yaml"]
    assert text is not None
    assert "- containerPort: 8000\n          hostPort: 1\n" in text
    assert "- {containerPort: 8000, protocol: UDP, hostPort: 2}\n" in text


def test_your_order_and_indentation_stay() -> None:
    yours = dedent("""\
        kind: Deployment
        apiVersion: apps/v1
        spec:
          template:
            spec:
              containers:
                - image: vllm:1   # pinned by Ann
                  name: vllm
                  env:
                    # first
                    - name: LEVEL
                      value: info
                    - {name: HOME, value: /cache}
                  args: [--port=8000, --model=qwen]
                  ports:
                    - containerPort: 8000
                    - {containerPort: 8000, protocol: UDP}
          replicas: 1
        metadata:
          name: qwen
        """)
    new = changed(DEPLOYMENT, ("vllm:1", "vllm:2"), ("value: info", "value: debug"), ("replicas: 1", "replicas: 2"))
    expected = changed(yours, ("vllm:1 ", "vllm:2 "), ("value: info", "value: debug"), ("replicas: 1", "replicas: 2"))
    assert three(yours, new) == Merged({"a.yaml": expected})


def test_one_line_maps_are_merged_too() -> None:
    base = "kind: A\nlabels: {a: x, b: x} # who\n"
    found = three("kind: A\nlabels: {a: z, b: x} # who\n", "kind: A\nlabels: {a: x, b: no} # who\n", base)
    assert found == Merged({"a.yaml": "kind: A\nlabels: # who\n  a: z\n  b: false\n"})


def test_what_both_changed_alike_is_no_conflict() -> None:
    theirs = changed(DEPLOYMENT, ("replicas: 1", "replicas: 2"), ("vllm:1", "vllm:2"))
    mine = changed(DEPLOYMENT, ("replicas: 1", "replicas: 2 # two"))
    assert three(mine, theirs) == Merged({"a.yaml": changed(mine, ("vllm:1", "vllm:2"))})


def test_what_you_removed_stays_removed() -> None:
    mine = changed(DEPLOYMENT, ("        - {name: HOME, value: /cache}\n", ""))
    theirs = changed(DEPLOYMENT, ("vllm:1", "vllm:2"))
    assert three(mine, theirs) == Merged({"a.yaml": changed(mine, ("vllm:1", "vllm:2"))})


def test_the_last_key_of_a_map_leaves_an_empty_one() -> None:
    base = "kind: A\nlabels: # who\n  a: x\n  b: x\n"
    found = three("kind: A\nlabels: # who\n  a: x\n", "kind: A\nlabels: # who\n  b: x\n", base)
    assert found == Merged({"a.yaml": "kind: A\nlabels: {} # who\n"})


def test_a_pod_in_a_custom_object_is_a_pod() -> None:
    text = """\
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: train}
spec:
  replicatedJobs:
  - name: workers
    template:
      spec:
        template:
          spec:
            containers:
            - name: main
              image: a:1
              env:
              - {name: A, value: "1"}
  - name: driver
    replicas: 1
"""
    mine = changed(text, ('- {name: A, value: "1"}', '- {name: A, value: "2"}'))
    theirs = changed(text, ("image: a:1", "image: a:2"), ("replicas: 1", "replicas: 2"))
    assert three(mine, theirs, text).files == {"a.yaml": changed(mine, ("a:1", "a:2"), ("replicas: 1", "replicas: 2"))}


def test_what_a_kustomization_lists_is_a_set() -> None:
    base = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- a.yaml\n"
    found = three(base + "- mine.yaml\n", base + "- theirs.yaml\n", base)
    assert found.conflicts == ()
    assert sorted((found.files["a.yaml"] or "").splitlines()[3:]) == ["- a.yaml", "- mine.yaml", "- theirs.yaml"]


def test_comments_alone_are_a_document_too() -> None:
    head = "# Copyright\n---\n"
    found = three(
        "# ours\n" + head + "kind: A\nb: 1\nc: 2\n", head + "kind: A\nb: 2\nc: 1\n", head + "kind: A\nb: 1\nc: 1\n"
    )
    assert found == Merged({"a.yaml": "# ours\n" + head + "kind: A\nb: 2\nc: 2\n"})


# --- objects and files ------------------------------------------------------------------------------------------------


def test_an_object_is_found_in_whatever_file_it_is() -> None:
    base = {"deployment.yaml": DEPLOYMENT, "service.yaml": SERVICE}
    yours = {"all.yaml": SERVICE + "---\n" + changed(DEPLOYMENT, ("replicas: 1", "replicas: 3"))}
    new = {"deployment.yaml": changed(DEPLOYMENT, ("vllm:1", "vllm:2")), "service.yaml": changed(SERVICE, ("80", "81"))}
    wanted = changed(yours["all.yaml"], ("vllm:1", "vllm:2"), ("port: 80\n", "port: 81\n"))
    assert merge(base, yours, new).files == {"all.yaml": wanted, "deployment.yaml": None, "service.yaml": None}


def test_a_renamed_object_is_the_same() -> None:
    mine = changed(DEPLOYMENT, ("replicas: 1", "replicas: 3"))
    theirs = changed(DEPLOYMENT, ("  name: qwen\n", "  name: llama\n"))
    assert three(mine, theirs) == Merged({"a.yaml": changed(mine, ("  name: qwen\n", "  name: llama\n"))})


def test_another_object_of_the_same_kind_is_not_a_renamed_one() -> None:
    """Neither one that is nothing like it, nor one that is known by its name to the other side."""
    base = DEPLOYMENT + "---\n" + SERVICE
    other = "apiVersion: v1\nkind: Service\nmetadata:\n  name: other\nspec: {type: ExternalName, externalName: a}\n"
    mine = changed(base, ("port: 80\n", "port: 81\n"), ("replicas: 1", "replicas: 3"))
    found = three(mine, DEPLOYMENT + "---\n" + other, base)
    assert one(found).clash.recipe is GONE
    assert other in (found.files["a.yaml"] or "")

    second = SERVICE.replace("qwen", "second")
    mine = changed(DEPLOYMENT, ("replicas: 1", "replicas: 3")) + "---\n" + second
    assert three(mine, base + "---\n" + second, base) == Merged({"a.yaml": mine})


def test_new_objects_come_after_what_is_before_them_in_the_recipe() -> None:
    new = DEPLOYMENT + "---\n" + SERVICE
    mine = "# ours\n" + changed(DEPLOYMENT, ("replicas: 1", "replicas: 3")) + "---\nkind: Mine\n"
    assert three(mine, new).files == {"a.yaml": mine.replace("---\n", "---\n" + SERVICE + "---\n")}


def test_a_file_goes_with_its_last_object() -> None:
    base = {"a.yaml": DEPLOYMENT, "b.yaml": SERVICE}
    yours = {"a.yaml": changed(DEPLOYMENT, ("replicas: 1", "replicas: 3")), "b.yaml": SERVICE}
    found = merge(base, yours, {"a.yaml": changed(DEPLOYMENT, ("vllm:1", "vllm:2"))})
    assert found.files["b.yaml"] is None
    assert found.conflicts == ()


# --- conflicts --------------------------------------------------------------------------------------------------------


def test_marks_are_around_the_value_alone() -> None:
    found = three(
        changed(DEPLOYMENT, ("replicas: 1", "replicas: 3")), changed(DEPLOYMENT, ("replicas: 1", "replicas: 2"))
    )
    marks = "<<<<<<< yours\n  replicas: 3\n||||||| base\n  replicas: 1\n=======\n  replicas: 2\n>>>>>>> recipe\n"
    assert found.files == {"a.yaml": changed(DEPLOYMENT, ("  replicas: 1\n", marks))}
    conflict = one(found)
    assert (conflict.file, conflict.line, conflict.object) == ("a.yaml", 7, "Deployment/qwen")
    assert (conflict.clash.path, conflict.clash.yours, conflict.clash.base) == ("spec.replicas", 3, 1)
    assert first_mark(found.files["a.yaml"] or "") == 7


def test_of_a_list_that_is_one_value_only_what_differs_is_marked() -> None:
    found = three(
        changed(DEPLOYMENT, ("--model=qwen", "--model=mine")), changed(DEPLOYMENT, ("--model=qwen", "--model=theirs"))
    )
    marks = """\
<<<<<<< yours
        - --model=mine
||||||| base
        - --model=qwen
=======
        - --model=theirs
>>>>>>> recipe
"""
    assert found.files == {"a.yaml": changed(DEPLOYMENT, ("        - --model=qwen\n", marks))}
    assert one(found).clash.path == "spec.template.spec.containers[name=vllm].args"


def test_removed_here_and_changed_there() -> None:
    line = "        - {name: HOME, value: /cache}\n"
    theirs = changed(DEPLOYMENT, ("/cache", "/data"))
    found = three(changed(DEPLOYMENT, (line, "")), theirs)
    marks = f"<<<<<<< yours\n||||||| base\n{line}=======\n{line.replace('/cache', '/data')}>>>>>>> recipe\n"
    assert found.files == {"a.yaml": changed(DEPLOYMENT, (line, marks))}
    assert one(found).clash.yours is GONE

    found = three(theirs, changed(DEPLOYMENT, (line, "")))
    assert one(found).clash.recipe is GONE
    assert "<<<<<<< yours\n        - {name: HOME, value: /data}\n||||||| base\n" in (found.files["a.yaml"] or "")


def test_a_whole_object_removed_here_and_changed_there() -> None:
    found = merge({"a.yaml": SERVICE}, {}, {"a.yaml": changed(SERVICE, ("80", "81"))})
    assert one(found).clash.path == ""
    assert (found.files["a.yaml"] or "").startswith("<<<<<<< yours\n||||||| base\napiVersion: v1\n")


def test_the_first_key_of_an_item_keeps_its_dash_on_each_side() -> None:
    base = DEPLOYMENT.replace(
        "      - name: vllm\n        image: vllm:1\n", "      - image: vllm:1\n        name: vllm\n"
    )
    found = three(changed(base, ("vllm:1", "mine:1")), changed(base, ("vllm:1", "theirs:1")), base)
    assert """\
<<<<<<< yours
      - image: mine:1
||||||| base
      - image: vllm:1
=======
      - image: theirs:1
>>>>>>> recipe
        name: vllm
""" in (found.files["a.yaml"] or "")


def test_both_add_the_same_key_with_other_values() -> None:
    found = three("kind: A\nb: 1\n", "kind: A\nb: 2\n", "kind: A\n")
    assert found.files == {"a.yaml": "kind: A\n<<<<<<< yours\nb: 1\n||||||| base\n=======\nb: 2\n>>>>>>> recipe\n"}


def test_anchors_are_left_alone() -> None:
    """What stands for what is not known line by line: so all of the document is one conflict, and nothing is lost."""
    yours = changed(SERVICE, ("name: qwen", "name: &n qwen")) + "  selector: {app: *n}\n"
    found = three(yours, changed(SERVICE, ("80", "81")), SERVICE)
    assert one(found).clash.path == ""
    assert three(yours, SERVICE, SERVICE).files == {"a.yaml": yours}


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yours", "sentence"),
    [
        ("kind: A\n---\nkind: [\n", "a.yaml: "),
        ("kind: A\nkind: B\n", "the key 'kind' is there twice"),
        ("--- {kind: A}\n", "a.yaml:1: begin the document on a line of its own"),
    ],
)
def test_what_is_no_yaml_has_a_place(yours: str, sentence: str) -> None:
    with pytest.raises(Usage) as error:
        three(yours, "kind: B\n", "kind: A\n")
    assert sentence in error.value.message
