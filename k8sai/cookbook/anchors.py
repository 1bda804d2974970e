"""Anchors in YAML are refused: they hide what goes where, and a few lines of them make a text of gigabytes."""

import yaml

from k8sai.errors import Usage


def refuse_anchors(text: str, place: str) -> None:
    """Raises Usage with the line of the first one. What cannot be parsed is said by who reads it next."""
    if "&" not in text:  # an alias needs one too
        return
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            anchor = getattr(event, "anchor", None)
            if anchor is not None:
                mark = event.start_mark
                at = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
                raise Usage(f"{at}: the anchor {anchor} is not allowed: write it out")
    except yaml.YAMLError:
        return
