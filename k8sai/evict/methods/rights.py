"""What a method needs that the user may not do, one SelfSubjectAccessReview for each right."""

from collections.abc import Iterable

from k8sai.cluster.discovery import Resource
from k8sai.evict.method import Right, Site, Trouble


def missing(site: Site, rights: Iterable[Right]) -> tuple[Trouble, ...]:
    """One sentence for all that is missing, none where nothing is. Raises ClusterError."""
    lacking = [one for one in dict.fromkeys(rights) if not _may(site, one)]
    if not lacking:
        return ()
    words = ", ".join(f"{verb} {plural}{f'/{sub}' if sub else ''}" for verb, plural, sub, _ in lacking)
    verb, plural, sub, namespace = lacking[0]
    line = site.writer.can_i(verb, plural, namespace) + (f" --subresource={sub}" if sub else "")
    return (Trouble(f"you may not {words} in namespace {namespace}", f"`{line}` tells when it is granted"),)


def _may(site: Site, right: Right) -> bool:
    verb, plural, subresource, namespace = right
    name, _, group = plural.partition(".")
    resource = Resource(group, "", name, "", True, ())
    return site.writer.may(verb, resource, namespace, subresource=subresource)
