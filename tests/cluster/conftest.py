"""What tests of the connection share."""

import shutil

import pytest

from tests.cluster import certificates
from tests.cluster.following import api, book, follow, pauses
from tests.controlplane.session import kubectl

__all__ = ["api", "book", "follow", "pauses"]  # fixtures


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip from one place, so that the summary has one line for each tool that is missing."""
    asked = getattr(item, "fixturenames", ())
    if "pki" in asked and shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH: it makes the certificates of these tests")
    if "kubectl_binary" in asked and kubectl() is None:
        pytest.skip("no kubectl on PATH and none in $K8SAI_CONTROLPLANE_BIN: nothing to compare with")


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> certificates.Pki:
    return certificates.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(autouse=True)
def _no_preferences_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have told kubectl which plugins to trust."""
    monkeypatch.setenv("KUBERC", "off")
