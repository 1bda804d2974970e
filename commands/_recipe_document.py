"""What `recipe` prints for scripts: the keys that every document has, then its own."""

import time
from collections.abc import Mapping
from typing import Any

from k8sai.ages import stamp
from k8sai.commands import _print


def document(kind: str, body: Mapping[str, Any], output: str, context: str = "") -> None:
    """`context` is the cluster that was asked, if one was. Nothing is ever hidden: recipes are files."""
    whole = {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": kind,
        "at": stamp(time.time()),
        "context": context,
        "complete": True,
        "hidden": [],
        **body,
    }
    _print.document(whole, output)
