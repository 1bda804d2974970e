"""The themes there are: ours first, then Textual's own."""

from typing import Any, Final

from textual.app import App

from k8sai.tui.ink import DARK, LIGHT, SAFE

OURS: Final = (DARK, LIGHT, SAFE)
_TERMINALS: Final = ("ansi-dark", "ansi-light")


def register(app: App[Any]) -> None:
    """Make ours known beside Textual's."""
    for theme in OURS:
        app.register_theme(theme)


def names(app: App[None]) -> list[str]:
    """All that can be asked for by name, ours first; of a terminal that keeps its own colours, only such."""
    if app.current_theme.ansi:
        return list(_TERMINALS)
    ours = [theme.name for theme in OURS]
    return [*ours, *sorted(name for name in app.available_themes if name not in (*ours, *_TERMINALS))]


def following(app: App[None]) -> str:
    """The next of ours, or of the terminal's."""
    ours = list(_TERMINALS) if app.current_theme.ansi else [theme.name for theme in OURS]
    return ours[(ours.index(app.theme) + 1) % len(ours)] if app.theme in ours else ours[0]
