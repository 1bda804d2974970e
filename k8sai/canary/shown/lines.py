"""A rollout in lines of words: for logs, pipes and ears. A line each for what can change by itself."""

from k8sai.canary.shown.look import Look
from k8sai.canary.shown.page import notes, title
from k8sai.canary.shown.words import percent, share


def lines(look: Look) -> dict[str, str]:
    """By what each is about; a line that is as before need not be said again. Nothing in them grows with time alone."""
    found = {"phase": title(look).text.partition(" · ")[2]}
    if look.seen is not None and look.seen.route is not None:
        found["route"] = f"the route sends {percent(look.seen.route)} to the canary"
    if look.canary is not None and look.stable is not None:
        stable, canary = look.stable, look.canary
        found["pods"] = f"pods ready: stable {stable.ready}/{stable.there}, canary {canary.ready}/{canary.there}"
    for one in look.verdict.metrics if look.verdict else ():
        counts = f"stable {share(one.stable_bad, one.stable_all)}, canary {share(one.canary_bad, one.canary_all)}"
        found[one.slo.title] = f"{one.slo.title}: {one.outcome} ({counts})"
    if look.holder is not None:
        found["holder"] = f"held by {look.holder.who}" + (", whose lease has expired" if look.holder.expired else "")
    for number, note in enumerate(notes(look)):
        found[f"note {number}"] = note.text
    if look.state is not None and look.state.history:
        last = look.state.history[-1]
        found["history"] = f"{last.verb} by {last.by}: {last.reason} ({last.before} → {last.after} %)"
    return found
