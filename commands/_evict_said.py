"""What a verb of `evict` says of a drain: where it is left, how it ended, how it stands."""

from typing import TYPE_CHECKING

from k8sai.commands import _print, _talk
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.commands._evict_site import Site
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.state import State


def say_left(state: "State | None", drain: str) -> None:
    """Interrupted: what stands, and how it goes on."""
    parked = [one.ref.title for one in (state.gangs if state else ()) if one.phase in ("Stopping", "Stopped")]
    more = f"; {', '.join(parked)} stopped and not yet started again" if parked else ""
    hint = f"`k8sai evict resume {drain}` goes on, `k8sai evict abort {drain}` takes it back"
    _talk.note(Note(f"drain {drain} is left where it is{more}", "warn", hint))


def say_end(site: "Site", listed: "Listed", output: str) -> int:
    """The table or the document of how it ended; the exit code."""
    from k8sai.evict.running.outcome import exit_of

    state = listed.state
    code = int(exit_of(state)) if state else 0
    _print.outlived(lambda: show(site, listed, output, code))
    _print.outlived(_print.flush)
    return code


def show(site: "Site", listed: "Listed", output: str, code: int) -> None:
    """One drain, in one of the formats."""
    from k8sai.evict.shown.status_document import document
    from k8sai.evict.shown.status_table import head, page

    if output in ("json", "yaml"):
        _print.document(document(listed, context=site.connection.context, now=site.now(), code=code), output)
        return
    if listed.state is not None:
        _print.page(page(listed.state, site.now()), wide=output == "wide")
    line = head(listed, site.now())
    _print.folded([line])
