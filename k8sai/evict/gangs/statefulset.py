"""A StatefulSet whose pods train together: scaled to 0 and back."""

from typing import Final

from k8sai.evict.facts import Switch
from k8sai.evict.gangs.form import Form, Seen, number, ref_of
from k8sai.evict.gangs.kinds import STATEFULSET


def _switch(seen: Seen) -> Switch:
    return Switch("scale", ref_of(seen.top), ("spec", "replicas"))


def _restarts(_: Seen) -> str:
    return "evicting one pod restarts that pod alone, under the same name, once it is gone"


FORM: Final = Form(STATEFULSET, _switch, lambda seen: number(seen.spec("replicas"), 1), _restarts)
