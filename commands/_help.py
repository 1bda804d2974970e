"""What `--help` looks like: flags in sections, examples in the words the tool was called with."""

from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand

from k8sai.commands import _talk

_DEBUG = ("--debug", "On an error, show where it happened.")


class Sectioned(TyperCommand):
    """A command whose flags are grouped by their `rich_help_panel`; plain text, no library for it."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then "Options", then the named sections in the order of first use."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for panel, record in self._records(ctx):
            sections.setdefault(panel, []).append(record)
        sections["Options"].append(_DEBUG)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _records(self, ctx: Any) -> Iterator[tuple[str, tuple[str, str]]]:
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                default = "Arguments" if param.param_type_name == "argument" else "Options"
                yield getattr(param, "rich_help_panel", None) or default, record

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """The docstring; commands of ours in it are said the way the tool was called."""
        self.help = _talk.speak(self.help or "")
        super().format_help_text(ctx, formatter)
