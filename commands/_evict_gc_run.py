"""`evict gc` at work."""

from k8sai.commands import _print, _talk
from k8sai.commands._evict_site import Site
from k8sai.view import Note


def run(site: Site, age: float, *, dry_run: bool) -> int:
    """The exit code."""
    from k8sai.evict.keeping.sweeping import old_drains, old_leases, sweep_lease, sweep_state

    drains = site.drains()
    gone = 0
    for one in old_drains(drains, site.now() - age):
        _print.line(f"drain {one.id} in namespace {one.namespace}{' would go' if dry_run else ''}")
        gone += 1
        if not dry_run:
            sweep_state(site.writer, one)
    for place, uid in old_leases(site.objects, site.state_namespace, site.now(), drains):
        _print.line(f"{place.ref} in namespace {place.namespace}{' would go' if dry_run else ''}")
        gone += 1
        if not dry_run:
            sweep_lease(site.writer, place, uid)
    if not gone:
        _talk.note(Note("there is nothing to take away", "plain"))
    return 0
