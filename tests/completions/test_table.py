"""What completion knows is what the commands are."""

from k8sai.commands import _completions
from k8sai.commands._door import command_names


def test_the_files_are_fresh() -> None:
    """`python -m k8sai.commands._completions` writes them."""
    for name, text in _completions.files().items():
        fresh = (_completions.FOLDER / name).read_text(encoding="utf-8") == text  # thousands of lines say nothing more
        assert fresh, f"completions/{name} is stale"


def test_every_command_has_an_entry() -> None:
    assert tuple(_completions.table()) == command_names()


def test_kubectls_flags_know_where_their_values_are() -> None:
    flags = {name: flag for flag in _completions.table()["top"]["flags"] for name in flag["names"]}
    assert flags["-n"]["value"] == {"from": "namespaces"}
    assert flags["--context"]["value"] == {"from": "contexts"}
    assert flags["--kubeconfig"]["value"] == {"from": "files"}
    assert flags["-o"]["value"] == {"words": ["table", "wide", "json", "yaml", "csv", "name"]}
    assert flags["--as-group"]["repeats"]
    assert "value" not in flags["--once"] and "value" not in flags["--debug"]
