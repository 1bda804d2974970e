"""Objects as YAML with comments, as somebody would write them who has to own them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from k8sai.yaml_out import lines, scalar

Json = dict[str, Any]
Path = tuple[str | int, ...]
_WIDTH = 120


class Flow(dict[str, Any]):
    """A mapping of scalars that is written on one line."""


class FlowList(list[Any]):
    """The same for a list."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An object, what is said above it, and what is said above its fields, by their paths."""

    object: Json
    above: tuple[str, ...] = ()
    comments: Mapping[Path, str] = field(default_factory=dict)


def text(head: Iterable[str], pieces: Iterable[Piece], foot: Iterable[str] = ()) -> str:
    """One stream of documents."""
    parts = ["\n".join(_comment("\n".join(head), 0))]
    parts += [
        "\n".join([*_comment("\n".join(piece.above), 0), *_block(piece.object, piece.comments)]) for piece in pieces
    ]
    end = "\n".join(_comment("\n".join(foot), 0))
    return "\n---\n".join(parts) + "\n" + (f"\n{end}\n" if end else "")


def _block(value: Any, comments: Mapping[Path, str], path: Path = (), indent: int = 0) -> Iterator[str]:
    """As yaml_out.lines, with comments where the path has one."""
    pad = " " * indent
    for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
        here = (*path, key)
        yield from _comment(comments.get(here, ""), indent)
        head = f"{pad}- " if isinstance(key, int) else f"{pad}{scalar(key)}:"
        if isinstance(item, Flow):
            yield f"{head.rstrip()} {{{', '.join(f'{name}: {scalar(one)}' for name, one in item.items())}}}"
        elif isinstance(item, FlowList):
            yield f"{head} [{', '.join(map(scalar, item))}]"
        elif not isinstance(item, Mapping | list) or not item:
            yield next(lines({"": item})).replace('"":', head.rstrip(), 1)
        elif isinstance(key, int):
            inner = list(_block(item, comments, here, indent + 2))
            first = next(place for place, line in enumerate(inner) if not line.lstrip().startswith("#"))
            yield from (line[2:] for line in inner[:first])
            yield f"{pad}- {inner[first].lstrip()}"
            yield from inner[first + 1 :]
        else:
            yield head
            yield from _block(item, comments, here, indent + 2 if isinstance(item, Mapping) else indent)


def _comment(said: str, indent: int) -> Iterator[str]:
    """Folded at word ends."""
    for paragraph in said.splitlines():
        line = " " * indent + "#"
        for word in paragraph.split(" "):
            if len(line) + 1 + len(word) > _WIDTH and not line.endswith("#"):
                yield line
                line = " " * indent + "#"
            line += f" {word}"
        yield line.rstrip()
