"""What holds of every merge, however the three versions look and however they are written."""

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.cookbook.merge import Merged, merge
from k8sai.yaml_out import scalar

Json = dict[str, Any]
Files = dict[str, str]

SCALARS = st.sampled_from(["a", "b", "no", "1e3", "x: y", "two\nlines\n", "", "# none", 1, 2, True, None, 0.5])
NAMES = st.sampled_from(["alpha", "beta", "gamma"])
KINDS = {"alpha": "Deployment", "beta": "DaemonSet", "gamma": "StatefulSet"}
SOMETIMES = st.integers(0, 3).map(lambda number: number == 0)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=fields)


def named(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Json]]:
    """Items with names, each once."""
    item = st.tuples(NAMES, objects(**fields)).map(lambda pair: {"name": pair[0], **pair[1]})
    return st.lists(item, max_size=3, unique_by=lambda each: str(each["name"]))


ENV = named(value=SCALARS)
CONTAINERS = named(
    image=SCALARS,
    args=st.lists(SCALARS, max_size=3),
    env=ENV,
    resources=objects(limits=objects(cpu=SCALARS, memory=SCALARS)),
    ports=st.lists(
        st.fixed_dictionaries({"containerPort": st.sampled_from([80, 90])}, optional={"name": NAMES}),
        max_size=2,
        unique_by=lambda each: each["containerPort"],
    ),
)
SPECS = objects(
    replicas=st.integers(0, 3),
    template=objects(spec=objects(containers=CONTAINERS, volumes=named(emptyDir=objects()), hostNetwork=SCALARS)),
    selector=objects(matchLabels=objects(app=NAMES, tier=NAMES)),
)


@st.composite
def deployments(draw: st.DrawFn) -> Json:
    """Of a kind for each name: another name is another object here, and no object with another name."""
    name = draw(NAMES)
    meta = {"name": name, "labels": draw(objects(app=NAMES, team=NAMES))}
    return {"apiVersion": "apps/v1", "kind": KINDS[name], "metadata": meta, "spec": draw(SPECS)}


@st.composite
def streams(draw: st.DrawFn) -> list[Json]:
    return draw(st.lists(deployments(), max_size=2, unique_by=lambda each: str(each["metadata"]["name"])))


class Hand:
    """Somebody who writes YAML by hand: in flow style or not, lists indented or not, with comments here and there."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._deeper = draw(st.sampled_from([0, 2]))
        self._count = 0

    def text(self, documents: list[Json]) -> str:
        return "---\n".join("\n".join(self.block(each, 0)) + "\n" for each in documents)

    def block(self, value: Any, indent: int) -> Iterator[str]:
        pad = " " * indent
        pairs = value.items() if isinstance(value, dict) else ((None, each) for each in value)
        for key, each in pairs:
            if self._draw(SOMETIMES):
                self._count += 1
                yield f"{pad}# note {self._count}"
            head = f"{pad}{key}:" if key is not None else f"{pad}-"
            if not isinstance(each, dict | list):
                yield from self._leaf(f"{head} ", each, indent)
            elif not each or self._draw(SOMETIMES):
                yield f"{head} {flow(each)}"
            elif key is None:
                inner = list(self.block(each, indent + 2))
                first = next(at for at, line in enumerate(inner) if not line.lstrip().startswith("#"))
                yield from inner[:first]
                yield f"{head} {inner[first][indent + 2 :]}"
                yield from inner[first + 1 :]
            else:
                yield head
                yield from self.block(each, indent + (2 if isinstance(each, dict) else self._deeper))

    def _leaf(self, head: str, value: Any, indent: int) -> Iterator[str]:
        if isinstance(value, str) and value.endswith("\n"):
            yield f"{head}|"
            yield from (f"{' ' * indent}    {line}" for line in value.splitlines())
        else:
            yield f"{head}{scalar(value)}{' # so' if self._draw(SOMETIMES) else ''}"


def flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, str, str]:
    """Base, yours and new; each written by somebody else, or one with the next."""
    one, two, three = draw(streams()), draw(streams()), draw(streams())
    return Hand(draw).text(one), Hand(draw).text(two), Hand(draw).text(three)


def files(text: str, other: str = "") -> Files:
    """With a second file that both sides changed, so that no short way is taken."""
    return ({"a.yaml": text} if text else {}) | ({"z.yaml": f"kind: Other\nx: {other}\n"} if other else {})


def parsed(text: str | None) -> list[Any]:
    return [each for each in yaml.safe_load_all(text or "") if each is not None]


def taken(found: Merged, side: str) -> str | None:
    """The first file with one side taken everywhere, from its text alone as a person would."""
    lines, state = [], ""
    text = found.files.get("a.yaml")
    for line in (text or "").splitlines():
        if line.startswith("<<<<<<< "):
            state = "yours"
        elif line.startswith("||||||| "):
            state = "base"
        elif line == "=======" and state == "base":
            state = "recipe"
        elif line.startswith(">>>>>>> "):
            state = ""
        elif state in ("", side):
            lines.append(line)
    return "\n".join(lines) + "\n" if text else None


@given(versions())
@settings(max_examples=100, deadline=None)
def test_what_only_one_side_changed_is_that_sides(three: tuple[str, str, str]) -> None:
    base, yours, new = map(files, three)
    assert merge(base, base, new).files.get("a.yaml") == new.get("a.yaml")
    assert merge(base, yours, base).files.get("a.yaml") == yours.get("a.yaml")
    assert merge(base, new, new).files.get("a.yaml") == new.get("a.yaml")


@given(versions())
@settings(max_examples=100, deadline=None)
def test_and_is_so_beside_a_file_that_both_changed(three: tuple[str, str, str]) -> None:
    base, yours, new = three
    for mine, theirs, wanted in ((base, new, new), (yours, base, yours), (new, new, new)):
        found = merge(files(base, "1"), files(mine, "2"), files(theirs, "3"))
        assert {c.file for c in found.conflicts} == {"z.yaml"}
        assert by_name(parsed(found.files.get("a.yaml"))) == by_name(parsed(wanted))


@given(versions())
@settings(max_examples=100, deadline=None)
def test_each_side_has_all_that_it_changed(three: tuple[str, str, str]) -> None:
    """Nothing is lost without being told: with your side taken at each mark all you changed is there, and so of the
    recipe's."""
    base, yours, new = three
    found = merge(files(base), files(yours), files(new))
    for side, changed in (("yours", yours), ("recipe", new)):
        got = leaves(parsed(taken(found, side)))
        before, after = leaves(parsed(base)), leaves(parsed(changed))
        assert {
            path: value for path, value in after.items() if before.get(path, "absent") != value
        }.items() <= got.items()
    assert bool(found.conflicts) == ("<<<<<<< yours" in (found.files.get("a.yaml") or ""))


@given(versions())
@settings(max_examples=100, deadline=None)
def test_a_second_merge_changes_nothing(three: tuple[str, str, str]) -> None:
    base, yours, new = map(files, three)
    found = merge(base, yours, new)
    if not found.conflicts:
        once: Files = {name: text for name, text in found.files.items() if text is not None}
        assert merge(base, once, new) == Merged(found.files, ())
        assert merge(new, once, new).files.get("a.yaml") == found.files.get("a.yaml")


@given(versions())
@settings(max_examples=100, deadline=None)
def test_your_comments_stay(three: tuple[str, str, str]) -> None:
    """Of what neither you nor the recipe removed: here the recipe removes nothing, and changes single values."""
    base, yours, _ = three
    new = base.replace("replicas: 1", "replicas: 7").replace(": a\n", ": c\n")
    found = merge(files(base), files(yours), files(new))
    wanted = [line.strip() for line in yours.splitlines() if line.strip().startswith("# note")]
    text = taken(found, "yours") or ""
    assert [line for line in wanted if line not in text] == []


def by_name(documents: list[Json]) -> Any:
    return leaves(documents)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Every value by its path; items with names by these, in whatever order they are."""
    if isinstance(value, dict) and value:
        return {at: each for key, part in value.items() for at, each in leaves(part, (*path, key)).items()}
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        keyed = {item_name(each): each for each in value}
        return {at: each for key, part in keyed.items() for at, each in leaves(part, (*path, key)).items()}
    return {} if value in ({}, []) else {path: (type(value).__name__, repr(value))}


def item_name(item: Json) -> str:
    if "metadata" in item:
        return f"{item['kind']}/{item['metadata']['name']}"
    return str(item.get("containerPort", item.get("name")))
