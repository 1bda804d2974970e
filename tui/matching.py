"""Finding rows among those the fleet gives as a whole, by the rules its queries have."""

from collections.abc import Callable

from k8sai.fleet.query import pattern


def matcher(text: str) -> Callable[..., bool]:
    """Tells whether any of some texts matches, or with `!` none of them."""
    says, wanted = pattern(text)
    return lambda *texts: any(map(says, texts)) is wanted
