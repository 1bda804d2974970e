"""What a user installs: the sdist makes the wheel, and the wheel holds every module, data file and script."""

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("commands", "tui", "recipes", "completions")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist as an index would have it (`python -m build` does both, in that order)."""
    source = tmp_path_factory.mktemp("source")
    out = tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("k8sai", *ROOMS):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    run = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    assert len(list(out.glob("*.tar.gz"))) == 1
    (built,) = out.glob("*.whl")
    return built


def test_every_module_and_data_file_is_in_the_wheel(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("k8sai/")}
    kinds = {".py", ".pyi", ".yaml", ".tcss", ".json", ".bash", ".zsh", ".fish", ".proto", ".typed"}
    on_disk = {
        p.relative_to(ROOT).as_posix() for p in (ROOT / "k8sai").rglob("*") if p.suffix in kinds or p.name == "py.typed"
    }
    for room in ROOMS:
        on_disk |= {f"k8sai/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / room).rglob("*") if p.suffix in kinds}
    assert on_disk - shipped == set()


def test_the_wheel_has_a_script_and_a_completion_per_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        points = configparser.ConfigParser(delimiters=("=",))
        points.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
        points.read_string(archive.read(name).decode())
    scripts = set(points["console_scripts"])
    commands = {p.stem for p in (ROOT / "commands").glob("[a-z]*.py")}
    expected = {"k8sai", "kubectl-k8sai", "kubectl_complete-k8sai"}
    expected |= {f"{prefix}-ai_{command}" for command in commands for prefix in ("kubectl", "kubectl_complete")}
    assert scripts == expected


def test_the_wheel_runs_from_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Unpacked far from the checkout it says its version, its help, and a snapshot of the embedded cluster."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(tmp_path), "PYTHONWARNINGS": "error"}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        code = (
            "import sys, k8sai; assert k8sai.__file__.startswith(sys.argv.pop(1));"
            "from k8sai.commands._door import dispatch; dispatch()"
        )
        return subprocess.run(
            [sys.executable, "-c", code, str(site), *argv],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("--version").stdout.startswith("k8sai ")
    assert "top" in run("--help").stdout
    demo = run("demo")
    assert demo.returncode == 0, demo.stderr
    assert "H100" in demo.stdout
