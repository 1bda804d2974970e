"""The console scripts: derived from the files in commands/, so that adding a command is adding one file."""

from pathlib import Path

from setuptools import setup


def scripts() -> list[str]:
    """`k8sai`, `kubectl-k8sai`, and for each command the plugin and the completion kubectl looks for."""
    names = sorted(p.stem for p in (Path(__file__).parent / "commands").glob("[a-z]*.py"))
    door = "k8sai.commands._door:dispatch"
    entries = [f"k8sai={door}", f"kubectl-k8sai={door}", "kubectl_complete-k8sai=k8sai.commands._complete:main"]
    for name in names:
        entries.append(f"kubectl-ai_{name}=k8sai.commands.{name}:main")
        entries.append(f"kubectl_complete-ai_{name}=k8sai.commands._complete:main")
    return entries


setup(entry_points={"console_scripts": scripts()})
