"""What tests of the connection share."""

import pytest

from tests.cluster import certificates


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> certificates.Pki:
    return certificates.make(tmp_path_factory.mktemp("pki"))
