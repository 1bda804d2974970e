"""Keys that do not fit, and when tokens and certificates end."""

import time
from pathlib import Path

import pytest

from k8sai.cluster.access import Endpoint
from k8sai.cluster.expiry import certificate_end, ended, token_end
from k8sai.cluster.tls import tls_context
from k8sai.errors import Usage
from tests.cluster.certificates import Pki
from tests.cluster.login import SECURE, jwt


def test_a_key_given_as_data_leaves_no_file(tmp_path: Path, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    certificate, key = pki.crt("client").read_bytes(), pki.key("client").read_bytes()
    tls_context(SECURE, certificate, key)
    monkeypatch.delattr("os.memfd_create", raising=False)  # as where the system has no memory files
    tls_context(SECURE, certificate, key)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_belongs_to_another_certificate(pki: Pki) -> None:
    with pytest.raises(Usage, match="the client certificate cannot be used: key values mismatch"):
        tls_context(SECURE, pki.crt("client").read_bytes(), pki.key("server").read_bytes())


def test_an_authority_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("hello")
    with pytest.raises(Usage, match="holds no certificate"):
        tls_context(Endpoint("https://h", ca_file=str(tmp_path / "ca")))
    with pytest.raises(Usage, match="cannot read the certificate authority /no/ca: No such file"):
        tls_context(Endpoint("https://h", ca_file="/no/ca"))


def test_ends_are_read_from_tokens_and_certificates(pki: Pki) -> None:
    assert token_end(f"Bearer {jwt(1_000_000_000)}") is not None
    assert ended(f"Bearer {jwt(1_000_000_000)}", b"") == "the token ended on 2001-09-09 at 01:46 UTC"
    assert ended(f"Bearer {jwt(time.time() + 60)}", pki.crt("client").read_bytes()) == ""
    assert ended("", pki.crt("expired-client").read_bytes()).startswith("the client certificate ended on ")


@pytest.mark.parametrize("name", ["ca", "client", "expired-client"])
def test_the_end_of_a_certificate_is_what_openssl_reads(pki: Pki, name: str) -> None:
    import subprocess

    said = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-in", str(pki.crt(name))], capture_output=True, text=True, check=True
    ).stdout
    end = certificate_end(pki.crt(name).read_bytes())
    assert end is not None
    assert f"notAfter={end:%b} {end.day:2} {end:%H:%M:%S %Y} GMT" == said.strip()


@pytest.mark.parametrize("text", ["", "Bearer opaque", "Bearer a.b.c", "Bearer e30.e30.x", "Basic dTpw"])
def test_tokens_that_say_nothing_of_their_end(text: str) -> None:
    assert token_end(text) is None


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"])
def test_certificates_that_cannot_be_read(pem: bytes) -> None:
    assert certificate_end(pem) is None
