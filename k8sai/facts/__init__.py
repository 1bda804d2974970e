"""Typed facts: of each Kubernetes kind exactly the fields that some room reads, and nothing else.

JSON decodes straight into these (`msgspec`), protobuf is copied into them: both must give the same values. A field that
is absent on the wire has its default here. Quantities stay text until somebody computes with them. Unknown fields are
dropped. Adding a field: here, and in `cluster/wire.proto` and `cluster/wire.py` too; a test compares both decoders.
"""

from k8sai.facts.devices import *  # noqa: F403
from k8sai.facts.metadata import *  # noqa: F403
from k8sai.facts.nodes import *  # noqa: F403
from k8sai.facts.objects import *  # noqa: F403
from k8sai.facts.pods import *  # noqa: F403
