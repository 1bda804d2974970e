"""From kubectl's flags to a connection."""

import os
from collections.abc import Mapping

from k8sai.cluster.access import resolve
from k8sai.cluster.connection import Connection
from k8sai.cluster.credentials import credentials_for
from k8sai.cluster.options import Options, timeout_seconds


def connect(options: Options, environ: Mapping[str, str] = os.environ, *, ask: bool = True) -> Connection:
    """A connection as the flags and the kubeconfig say. The server itself is first asked by the first request.

    A credential plugin runs here, while the terminal still belongs to the person: it may ask, unless `ask` says that a
    screen has the terminal. Raises Usage for what is
    wrong in flags and files, ClusterError where credentials cannot be had.
    """
    timeout = timeout_seconds(options.request_timeout)
    access = resolve(options, environ)
    credentials = credentials_for(access, environ, ask=ask)
    credentials.proof()
    return Connection(access, credentials, request_timeout=timeout, environ=environ)
