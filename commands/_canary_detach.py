"""`canary run --detach`: the rollout goes on in the cluster, in a Job with the least Role."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from k8sai.commands import _print, _talk
from k8sai.errors import Exit, NotFound, Usage

if TYPE_CHECKING:
    from k8sai.canary.detached import Runner
    from k8sai.canary.state import State
    from k8sai.cluster.connection import Connection
    from k8sai.commands._canary_place import Place

IMAGE: Final = "K8SAI_RUNNER_IMAGE"


@dataclass(frozen=True, slots=True)
class Detached:
    """The flags. `lasts` in seconds; `flags` are more of `canary run` that the Job is to be given."""

    image: str = ""
    lasts: float = 4 * 3600.0
    prometheus: str = ""
    flags: tuple[str, ...] = ()
    dry_run: str = "none"
    output: str = "table"


def detach(place: "Place", state: "State", flags: Detached) -> int:
    """Check rights, make the Job and what it needs, say how to follow it; the exit code.

    Raises Usage without an image, Locked where a Job runs it already, Forbidden with the question to ask, ClusterError.
    """
    from k8sai.canary import detached

    runner = _runner(place, state, flags)
    detached.insist_on_none(place.writer, place.ref)
    if flags.dry_run == "client":
        return _shown(place, runner, flags)
    _insist_on_rights(place)
    if flags.dry_run == "server":
        detached.attempt(place.writer, runner)
        return _shown(place, runner, flags)
    uid = detached.create(place.writer, runner)
    _said(place, runner, flags, uid)
    return Exit.OK


def image(flag: str) -> str:
    """Raises Usage where none is named."""
    found = flag or os.environ.get(IMAGE, "")
    if not found:
        raise Usage(
            "--detach needs an image with k8sai in it: there is no published one",
            f"--runner-image REGISTRY/IMAGE:TAG, or {IMAGE} for always; docs/canary.md has its Dockerfile",
        )
    return found


def _runner(place: "Place", state: "State", flags: Detached) -> "Runner":
    from secrets import token_hex

    from k8sai.canary.backends.all import by_name
    from k8sai.canary.checks.rights import driven
    from k8sai.canary.detached import Runner

    if flags.lasts < 60:
        raise Usage("--max-duration is shorter than a minute", "4h is usual")
    chosen = image(flags.image)
    said = flags.prometheus or state.settings.prometheus
    where = _prometheus(place.connection, said) if state.settings.gated else ""
    more = (*flags.flags, *(("--prometheus", where) if where else ()))
    seen = by_name(state.backend).see(place.target, state.handle, place.reading)
    beside = driven(seen.objects.values())
    return Runner(place.ref, state.backend, state.id, chosen, flags.lasts, token_hex(3), more, beside)


def _prometheus(connection: "Connection", said: str) -> str:
    """Its address inside the cluster. Where none is named, the one that is found here, with this user's rights.

    Raises NotFound where there is none: a Job without numbers would only wait. Usage for what no pod can reach.
    """
    from k8sai.canary.detached import address_inside
    from k8sai.canary.measuring.find import found

    if said:
        return address_inside(said)
    try:
        where = found(connection)
    except NotFound as error:
        hint = "--prometheus NAMESPACE/SERVICE:PORT names it"
        raise NotFound(f"the Job would have no numbers: {error.message}", hint) from error
    return where.url or address_inside(_named(where.namespace, where.service))


def _named(namespace: str, service: str) -> str:
    """As `--prometheus` takes what the API server's proxy calls `https:NAME:PORT`."""
    scheme, colon, rest = service.partition(":")
    secure = colon and scheme in ("http", "https") and ":" in rest
    return f"{scheme}:{namespace}/{rest}" if secure else f"{namespace}/{service}"


def _insist_on_rights(place: "Place") -> None:
    """To make these objects, and to give away the rights themselves: nobody can give a right that he has not."""
    from k8sai.canary.checks.rights import insist
    from k8sai.canary.detached import MAKES

    insist(place.writer, MAKES, place.ref.namespace, place.reading)


def _shown(place: "Place", runner: "Runner", flags: Detached) -> int:
    """What would be applied, as it would be."""
    from k8sai.canary.detached import objects

    made = objects(runner)
    if flags.output in ("json", "yaml"):
        _print.document(_document(place, runner, flags, done=False), flags.output)
    elif flags.output == "name":
        for one in made:
            _print.line(one.target.ref)
    else:
        from k8sai.yaml_out import lines

        _print.text("---\n".join("".join(f"{line}\n" for line in lines(one.body)) for one in made))
    return Exit.OK


def _said(place: "Place", runner: "Runner", flags: Detached, uid: str) -> None:
    if flags.output in ("json", "yaml"):
        _print.document(_document(place, runner, flags, done=True), flags.output)
        return
    if flags.output == "name":
        _print.line(f"job.batch/{runner.name}")
        return
    where = f"-n {place.ref.namespace}"
    _print.line(f"job/{runner.name} runs the canary of {place.ref.title}, at most {_hours(runner.lasts)}")
    _print.line(_talk.speak(f"`k8sai canary status {place.ref.title} {where}`"))
    _print.line(f"`kubectl logs -f job/{runner.name} {where}`")


def _hours(seconds: float) -> str:
    from k8sai.ages import human

    return human(seconds)


def _document(place: "Place", runner: "Runner", flags: Detached, *, done: bool) -> dict[str, Any]:
    """The `Plan` document."""
    import time

    from k8sai.ages import stamp
    from k8sai.canary.detached import objects

    changes = [
        {"op": "create", "object": one.target.ref, "body": one.body, "state": "written" if done else "planned"}
        for one in objects(runner)
    ]
    return {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "Plan",
        "at": stamp(time.time()),
        "context": place.connection.context,
        "complete": True,
        "hidden": [],
        "dryRun": flags.dry_run,
        "changes": changes,
    }
