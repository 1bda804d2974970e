"""`evict gc` at work."""

from typing import TYPE_CHECKING

from k8sai.commands import _print, _talk
from k8sai.commands._evict_site import Site
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed


def run(site: Site, age: float, *, dry_run: bool) -> int:
    """The exit code."""
    from k8sai.evict.keeping.sweeping import old_leases, old_pieces, sweep

    drains, would = site.drains(), " would go" if dry_run else ""
    gone = _drains(site, drains, age, dry_run)
    for find in (old_leases, old_pieces):
        for place, meta in find(site.objects, site.state_namespace, site.now(), drains):
            if dry_run or sweep(site.writer, place, meta):
                _print.line(f"{place.ref} in namespace {place.namespace}{would}")
                gone += 1
    if not gone:
        _talk.note(Note("there is nothing to take away", "plain"))
    return 0


def _drains(site: Site, drains: "tuple[Listed, ...]", age: float, dry_run: bool) -> int:
    """How many went; those stay that have left a gang stopped."""
    from k8sai.cluster.reading import Reading
    from k8sai.evict.keeping.sweeping import left_parked, old_drains, sweep_state

    read, gone = Reading(site.objects), 0
    for one in old_drains(drains, site.now() - age):
        if one.state is not None and (parked := left_parked(read, one.state)):
            hint = f"`k8sai evict abort {one.id}` starts it"
            _talk.note(Note(f"drain {one.id} stays: {', '.join(parked)} is still stopped by it", "warn", hint))
            continue
        if dry_run or sweep_state(site.writer, one):
            _print.line(f"drain {one.id} in namespace {one.namespace}{' would go' if dry_run else ''}")
            gone += 1
    return gone
