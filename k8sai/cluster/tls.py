"""TLS as the kubeconfig wants it: whom to trust, which name to expect, a client key that is never left on disk."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from k8sai.cluster.access import Endpoint
from k8sai.errors import Usage


def tls_context(endpoint: Endpoint, certificate: bytes = b"", key: bytes = b"") -> ssl.SSLContext:
    """Verifies the server unless the kubeconfig says not to; shows `certificate` (PEM) where there is one.

    Usage where a certificate or key cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # As Go has it: any certificate in the bundle is trusted, and old authorities without key identifiers are no error.
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    if endpoint.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif endpoint.ca_data or endpoint.ca_file:
        _trust(context, endpoint)
    else:
        context.load_default_certs()
    if certificate:
        _show(context, certificate, key)
    return context


def _trust(context: ssl.SSLContext, endpoint: Endpoint) -> None:
    if endpoint.ca_data:
        place, pem = "certificate-authority-data", endpoint.ca_data
    else:
        place = endpoint.ca_file
        try:
            pem = Path(place).read_bytes()
        except OSError as error:
            raise Usage(
                f"cannot read the certificate authority {place}: {error.strerror}",
                "check certificate-authority in the kubeconfig, or give --certificate-authority FILE",
            ) from None
    try:
        context.load_verify_locations(cadata=pem.decode("latin-1"))
    except (ssl.SSLError, ValueError) as error:
        raise Usage(
            f"{place} holds no certificate (PEM): {_reason(error)}", "it begins with -----BEGIN CERTIFICATE-----"
        ) from None


def _show(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    def no_passphrase() -> str:
        raise Usage("the client key is encrypted, which kubeconfig has no passphrase for", "store it decrypted")

    with _readable(certificate.rstrip() + b"\n" + key) as path:
        try:
            context.load_cert_chain(path, password=no_passphrase)
        except ssl.SSLError as error:
            raise Usage(
                f"the client certificate cannot be used: {_reason(error)}", "check client-certificate and client-key"
            ) from None


@contextmanager
def _readable(pem: bytes) -> Iterator[str]:
    """A path that OpenSSL can read `pem` from: in memory where the system can, else a private file, gone at once."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        handle = os.memfd_create("k8sai-client-certificate")
        try:
            _write(handle, pem)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    from tempfile import mkstemp

    handle, path = mkstemp(prefix="k8sai-")  # readable by its owner only
    try:
        _write(handle, pem)
        yield path
    finally:
        os.close(handle)
        Path(path).unlink(missing_ok=True)


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error)
    return str(reason).replace("_", " ").lower()
