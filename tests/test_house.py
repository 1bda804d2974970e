"""The rules of the house: who may import what, what is shipped, a script per command, help that stays light."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"commands": "commands", "tui": "tui", "recipes": "recipes", "completions": "completions"}

# room -> (rooms of ours it may import, libraries it may import); the standard library is always allowed.
RULES: dict[str, tuple[str, str]] = {
    "errors": ("", ""),
    "view": ("", ""),
    "quantity": ("errors", ""),
    "ages": ("", ""),
    "merge_patch": ("", ""),
    "facts": ("quantity", "msgspec"),
    "events": ("facts", "msgspec"),
    "selectors": ("errors", ""),
    "yaml_in": ("", "yaml"),
    "yaml_out": ("", ""),
    "manifests": ("errors yaml_in", "yaml"),
    "pod_specs": ("", ""),
    "schema": ("errors quantity yaml_in", "celpy lark re2 msgspec yaml"),
    "cookbook": (
        "errors quantity view yaml_in yaml_out manifests pod_specs schema recipes",
        "ruamel jsone jsonschema_rs yaml platformdirs msgspec kubernetes_validate",
    ),
    "deploy": (
        "errors quantity ages facts selectors view yaml_in yaml_out manifests pod_specs schema "
        "cluster fleet scheduling fit",
        "msgspec yaml",
    ),
    "cluster": (
        "errors quantity ages facts events selectors yaml_in",
        "msgspec yaml urllib3 websocket google kubernetes platformdirs",
    ),
    "fleet": ("errors quantity ages facts events selectors view yaml_in cluster.sources", "msgspec platformdirs"),
    "scheduling": ("errors quantity facts fleet cluster.sources cluster.objects", "msgspec celpy"),
    "fit": (
        "errors quantity ages facts selectors view fleet scheduling cluster.sources cluster.objects",
        "msgspec yaml",
    ),
    "queues": (
        "errors quantity ages facts selectors view yaml_in yaml_out manifests pod_specs merge_patch fleet scheduling "
        "fit cluster.sources cluster.objects cluster.reading cluster.writing cluster.discovery cluster.api_errors "
        "cluster.following cluster.whole cluster.connection",
        "msgspec",
    ),
    "canary": (
        "errors quantity ages facts selectors view yaml_in yaml_out manifests pod_specs merge_patch fleet scheduling "
        "fit queues holding cluster.sources cluster.objects cluster.reading cluster.writing cluster.patching "
        "cluster.discovery cluster.api_errors cluster.following cluster.whole cluster.connection cluster.prometheus "
        "cluster.prometheus_found cluster.exposition cluster.live cluster.tee",
        "msgspec",
    ),
    "holding": ("errors ages cluster.api_errors cluster.patching cluster.writing", "msgspec"),
    "evict": (
        "errors quantity ages facts selectors view yaml_in yaml_out manifests pod_specs merge_patch fleet scheduling "
        "fit queues holding cluster.sources cluster.objects cluster.reading cluster.writing cluster.patching "
        "cluster.discovery cluster.api_errors cluster.following cluster.whole cluster.connection cluster.executing "
        "cluster.proxying cluster.live cluster.tee cluster.events",
        "msgspec yaml torch transformers lightning",  # the last three: of the trainer that copies workload/
    ),
    "why": (
        "errors quantity ages facts selectors view fleet scheduling queues "
        "cluster.sources cluster.objects cluster.reading",
        "msgspec",
    ),
    "snapshot": ("errors quantity ages facts selectors view fleet cluster", "msgspec"),
    "sim": (
        "errors quantity ages facts merge_patch schema fleet scheduling queues canary evict",
        "aiohttp yaml celpy msgspec platformdirs",
    ),
    "recipes": ("", ""),
    "completions": ("", ""),
    "commands": (
        "errors quantity ages facts events selectors view cluster fleet scheduling fit why queues canary evict holding "
        "snapshot yaml_in yaml_out manifests schema cookbook deploy sim tui completions",
        "typer rich yaml msgspec platformdirs",
    ),
    "tui": (
        "errors quantity ages facts events selectors view cluster fleet scheduling fit why queues canary evict holding "
        "cookbook",
        "textual rich platformdirs msgspec",
    ),
}
# What must never be imported just to say `--help` or `--version`, or to complete a word.
HEAVY = {
    "urllib3", "google.protobuf", "kubernetes", "kr8s", "textual", "rich.console", "aiohttp", "asyncio", "pydantic",
    "httpx", "websocket", "importlib.metadata", "cryptography", "celpy", "msgspec", "ruamel", "jsone", "jsonschema_rs",
}  # fmt: skip


def room_files(room: str) -> list[Path]:
    folder = ROOT / FOLDERS.get(room, f"k8sai/{room}")
    return sorted(p for p in folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


# What the project consists of; the rest of the folder is made by tools.
PARTS = ("k8sai", "commands", "tui", "recipes", "completions", "tests", "docs", ".ci")


def project_files() -> list[Path]:
    found = [p for p in ROOT.iterdir() if p.is_file()]
    for part in PARTS:
        found += [p for p in (ROOT / part).rglob("*") if p.is_file() and "typed" not in p.relative_to(ROOT).parts]
    return [p for p in found if p.suffix != ".pyc"]


def python_files() -> list[Path]:
    return [p for p in project_files() if p.suffix == ".py"]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Every absolute module name the file imports, deferred imports included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "k8sai":
                yield from (f"k8sai.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def may_import(name: str, room: str, ours: set[str], libraries: set[str]) -> bool:
    top, _, rest = name.partition(".")
    if top != "k8sai":
        return top in sys.stdlib_module_names or top in libraries
    if not rest or rest == "__version__" or rest.split(".")[0] == room:
        return True
    return any(rest == allowed or rest.startswith(f"{allowed}.") for allowed in ours)


@pytest.mark.parametrize("room", sorted(RULES))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    ours, libraries = (set(words.split()) for words in RULES[room])
    files = room_files(room)
    assert files, f"no files in {room}"
    wrong = [
        f"{p.relative_to(ROOT)} imports {name}"
        for p in files
        for name in imports(p)
        if not may_import(name, room, ours, libraries)
    ]
    assert wrong == []


def test_every_room_has_a_rule() -> None:
    on_disk = {
        p.stem for p in (ROOT / "k8sai").iterdir() if p.suffix == ".py" or (p.is_dir() and (p / "__init__.py").exists())
    }
    assert on_disk - {"__init__", "__main__"} | set(FOLDERS) == set(RULES)


def module_name(path: Path) -> str:
    """What a file is imported as: commands/top.py is k8sai.commands.top."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("k8sai", *(part for part in parts if part not in ("k8sai", "__init__"))))


def imported_files(path: Path) -> Iterator[str]:
    """As `imports`, and of `from a import b` also a.b, which may be a file."""
    yield from imports(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Imports inside functions and those for the type checker count: who reads a file reads what it names first."""
    files = {module_name(p): p for room in RULES for p in room_files(room)}
    arrows = {(name, one) for name, p in files.items() for one in imported_files(p) if one in files and one != name}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, one in sorted(arrows):
        sorter.add(name, one)
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("room", [room for room in sorted(RULES) if room != "commands"])
def test_the_core_and_the_screen_print_nothing(room: str) -> None:
    calls = (
        f"{p.relative_to(ROOT)}:{node.lineno}"
        for p in room_files(room)
        for node in ast.walk(tree(p))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )
    assert list(calls) == []


def project() -> dict[str, object]:
    loaded: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return loaded


def shipped_packages() -> set[str]:
    tool = project()["tool"]
    assert isinstance(tool, dict)
    return set(tool["setuptools"]["packages"])


def test_every_package_on_disk_is_shipped() -> None:
    """A subpackage that is not listed works in a checkout and is silently absent from the wheel."""
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / "k8sai").rglob("__init__.py")}
    for folder in FOLDERS:
        found |= {"k8sai." + ".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / folder).rglob("__init__.py")}
    assert found == shipped_packages()


def command_names() -> list[str]:
    return sorted(p.stem for p in (ROOT / "commands").glob("[a-z]*.py"))


def test_a_script_and_a_completion_per_command() -> None:
    bin_dir = Path(sys.executable).parent
    scripts = {p.name for p in bin_dir.iterdir()}
    wanted = {"k8sai", "kubectl-k8sai", "kubectl_complete-k8sai"}
    wanted |= {f"kubectl-ai_{name}" for name in command_names()} | {
        f"kubectl_complete-ai_{name}" for name in command_names()
    }
    assert wanted - scripts == set()


def test_no_script_takes_another_plugins_name() -> None:
    """`kubectl ai` is another plugin's; a file `kubectl-ai-x` would take `kubectl ai x` away from it."""
    scripts = [p.name for p in Path(sys.executable).parent.iterdir()]
    assert [s for s in scripts if s == "kubectl-ai" or s.startswith("kubectl-ai-")] == []


@pytest.mark.parametrize("name", command_names())
def test_a_command_is_a_door_with_one_sentence(name: str) -> None:
    module = tree(ROOT / "commands" / f"{name}.py")
    assert ast.get_docstring(module), f"commands/{name}.py needs a docstring: its first line is the overview's"
    assert any(isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "main" for n in module.body)


def loaded_modules(code: str) -> set[str]:
    """The names in sys.modules after the code ran in a fresh interpreter."""
    program = f"import sys, atexit\natexit.register(lambda: sys.stderr.write('\\n'.join(sys.modules)))\n{code}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return set(run.stderr.split())


@pytest.mark.parametrize(
    "argv",
    [["--version"], ["--help"], *([name, flag] for name in command_names() for flag in ("--help", "--version"))],
    ids=" ".join,
)
def test_help_and_version_import_nothing_heavy(argv: list[str]) -> None:
    loaded = loaded_modules(f"sys.argv = ['k8sai', *{argv!r}]\nfrom k8sai.commands._door import dispatch\ndispatch()")
    assert loaded & HEAVY == set()


def test_the_package_itself_imports_nothing() -> None:
    assert {name for name in loaded_modules("import k8sai") if name.startswith("k8sai")} == {"k8sai"}


VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "misc", "base"}


def test_names_say_something() -> None:
    assert [p for p in python_files() if p.stem in VAGUE] == []


def test_links_for_the_type_checker() -> None:
    """mypy cannot follow the editable install's import hook; these links stand in, and no run-time part needs them."""
    for folder in FOLDERS:
        link = ROOT / "tests/typed/k8sai" / folder
        assert link.is_symlink() and link.resolve() == (ROOT / folder).resolve()


def test_nothing_points_outside_the_project() -> None:
    """No path of this checkout: what is committed must mean the same everywhere."""
    home = f"{ROOT}/".encode()
    assert [p for p in project_files() if p.suffix != ".html" and home in p.read_bytes()] == []


def test_architecture_stays_short() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) < 100
