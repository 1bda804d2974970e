"""When credentials end, read from the credentials themselves, so that a refusal can say why."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime

_UTC_TIME, _SEQUENCE, _VERSION = 0x17, 0x30, 0xA0  # DER tags (X.690); _VERSION is context tag 0


def ended(authorization: str, certificate: bytes, now: datetime | None = None) -> str:
    """What of it has ended and when, as half a sentence; "" where nothing has, or nobody can tell."""
    now = now or datetime.now(UTC)
    for what, end in (("token", token_end(authorization)), ("client certificate", certificate_end(certificate))):
        if end is not None and end <= now:
            return f"the {what} ended on {end:%Y-%m-%d at %H:%M} UTC"
    return ""


def token_end(authorization: str) -> datetime | None:
    """`exp` of a JWT; None for any other token."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def certificate_end(pem: bytes) -> datetime | None:
    """`notAfter` of the first certificate in a PEM text (RFC 5280, section 4.1); None where there is none to read."""
    import ssl

    try:
        text = pem.decode("ascii")
        start, mark = text.index("-----BEGIN CERTIFICATE-----"), "-----END CERTIFICATE-----"
        certificate = ssl.PEM_cert_to_DER_cert(text[start : text.index(mark, start) + len(mark)])
        fields = [each for each in _elements(_inside(_inside(certificate))) if each[0] != _VERSION]
        validity = fields[3]  # after serial number, signature algorithm and issuer
        tag, end = list(_elements(validity[1]))[1]
        form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
        return datetime.strptime(end.decode("ascii"), form).replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return None


def _inside(der: bytes) -> bytes:
    """What the first sequence holds."""
    tag, content = next(_elements(der), (0, b""))
    if tag != _SEQUENCE:
        raise ValueError("not a sequence")
    return content


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(der[at : at + count], "big"), at + count
        yield tag, der[at : at + length]
        at += length
