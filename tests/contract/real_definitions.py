"""CustomResourceDefinitions of other projects, from folders that `K8SAI_CRDS` names and one beside the project."""

import os
from functools import cache
from pathlib import Path

import pytest

from k8sai.schema.crd_folder import CrdFolder
from tests.contract.api import Api
from tests.contract.definitions import CRDS, established, until_ended

FOLDERS = "K8SAI_CRDS"


def define_real(api: Api, *kinds: tuple[str, str]) -> None:
    """The server has them then: (apiVersion, kind). Skips where no folder has one."""
    for api_version, kind in kinds:
        found = next(filter(None, (folder.find(api_version, kind) for folder in _folders())), None)
        if found is None:
            pytest.skip(f"no folder defines {kind}: {FOLDERS} can name more")
        until_ended(api, found.name)
        if api.get(f"{CRDS}/{found.name}").status == 404:
            api.post(CRDS, found.obj).ok()
        established(api, found.obj)


@cache
def _folders() -> tuple[CrdFolder, ...]:
    named = [Path(one) for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]
    beside = Path(__file__).parents[3] / "shared" / "crds"
    return tuple(CrdFolder(place) for place in (*named, beside) if place.is_dir())
