"""May this user do all of it: asked of the server before anything is written (SelfSubjectAccessReview)."""

from collections.abc import Iterator

from k8sai.cluster.writing import Target
from k8sai.deploy.check import Check, Look
from k8sai.errors import ClusterError, Exit, Forbidden


def rights(look: Look) -> Iterator[Check]:
    """A line per right that is missing. A right for an object by its name is as good as one for all."""
    asked = 0
    missing: dict[tuple[str, str, str], str] = {}
    try:
        for verb, target in _needed(look):
            asked += 1
            where = (verb, target.plural, target.namespace)
            if where not in missing and not _may(look, verb, target):
                missing[where] = target.name
        for verb in ("list", "delete"):
            for resource, namespace in look.prunes:
                asked += 1
                if not look.allowed(verb, resource, namespace):
                    missing.setdefault((verb, Target(resource, "", "").plural, namespace), "")
    except (Forbidden, ClusterError) as error:
        yield Check("rights", "warn", f"nobody says what you may do: {error.message}")
        return
    for verb, plural, namespace in missing:
        place = f" in namespace {namespace}" if namespace else ""
        yield Check(
            "rights",
            "fail",
            f"you may not {verb} {plural}{place}",
            f"ask an admin for it; this tells when it is granted: `{look.writer.can_i(verb, plural, namespace)}`",
            Exit.FORBIDDEN,
        )
    if not missing:
        yield Check("rights", "ok", f"{asked} rights, all given")


def _needed(look: Look) -> Iterator[tuple[str, Target]]:
    """Verbs and objects, each kind in each namespace once where a right for all of them is given."""
    targets = [(item.target, look.new(item)) for item in look.placed.items]
    if look.keeps is not None:
        targets.append((look.keeps, not look.remembered))
    for target, new in targets:
        yield "get", target
        yield "patch", target
        if new:
            yield "create", target


def _may(look: Look, verb: str, target: Target) -> bool:
    """For all of the kind, or for this one by its name, which nobody can be given before it is there."""
    if look.allowed(verb, target.resource, target.namespace):
        return True
    return verb != "create" and look.writer.may(verb, target.resource, target.namespace, target.name)
