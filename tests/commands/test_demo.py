"""`k8sai demo` in a pipe: one snapshot of the embedded cluster, and nothing left behind."""

from pathlib import Path

from tests.commands.run import environment, run


def test_in_a_pipe_it_prints_one_snapshot(tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    ran = run("k8sai", "demo", env=environment(tmp_path, TMPDIR=str(place)))
    assert ran.code == 0
    assert "k8sai-demo at " in ran.out
    for word in ("h100-00", "mi300x-00", "dra-mig-00", "cordoned", "not ready", "Unschedulable"):
        assert word in ran.out
    assert list(place.iterdir()) == []


def test_an_unknown_scenario_is_one_sentence(tmp_path: Path) -> None:
    ran = run("k8sai", "demo", "--scenario", "demmo", env=environment(tmp_path))
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "error: there is no scenario 'demmo'\n  → did you mean demo?\n"
