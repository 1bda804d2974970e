"""`evict resume` at work."""

from k8sai.commands._evict_said import say_end, say_left
from k8sai.commands._evict_site import Site, interruptible
from k8sai.commands._evict_voice import Voice
from k8sai.errors import Exit


def run(site: Site, drain: str, output: str, *, take_over: bool) -> int:
    """The exit code."""
    from k8sai.evict.running.entering import entered
    from k8sai.evict.running.loop import Interrupted, Loop
    from k8sai.evict.state import OVER

    listed = site.drain(drain)
    if listed.state is not None and listed.state.stage in OVER:
        return say_end(site, listed, output)
    with interruptible() as stop, Voice(output) as voice:
        try:
            with entered(site.door(voice, stop), listed.namespace, listed.id, take_over=take_over) as (hands, held):
                Loop(hands).run(held)
        except Interrupted as left:
            voice.clear()
            say_left(left.state, listed.id)
            return Exit.INTERRUPT
    return say_end(site, site.drain(listed.id), output)
