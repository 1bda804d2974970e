"""Writes completions/: the table of our words, from the Typer apps, and the shells' scripts. After a flag changed:

python -m k8sai.commands._completions
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from k8sai.commands import _shells
from k8sai.commands._door import click_command, command_names

FOLDER = Path(__file__).resolve().parents[1] / "completions"
# Where the values of a flag or argument come from when they are not fixed words: by its name, or by its verb and name.
_FROM = {
    "--namespace": "namespaces",
    "--context": "contexts",
    "--cluster": "clusters",
    "--user": "users",
    "--set": "parameters",
    "RECIPE": "recipes",
    "FILE": "files",
    "DIR": "files",
    "PATH": "files",
    "NODE": "nodes",
    "POD | KIND NAME | KIND/NAME": "pods",
    "NAMESPACE": "namespaces",
    "QUEUE": "queues",
    "QUEUE | COHORT": "quotas",
    "LOCALQUEUE": "local queues",
    "JOB": "queued",
    "WORKLOAD | KIND NAME | KIND/NAME": "queued",
    **{f"canary {verb} KIND/NAME": "targets" for verb in ("start", "status", "watch")},
    **{
        f"canary {verb} KIND/NAME": "rollouts"
        for verb in ("step", "promote", "rollback", "run", "pause", "resume", "history", "forget", "unlock")
    },
    **{f"evict {verb} ID": "drains" for verb in ("status", "resume", "abort", "gc")},
    "--gang": "gangs",
    "queue move KIND/NAME": "queued",
    "queue resume KIND/NAME": "stoppable",
    "queue stop KIND/NAME": "stoppable",
}
# Fixed words that the command line library does not know of, by the name of the flag.
_WORDS = {"--accept-proof": ["A", "B", "C", "D", "E", "none"]}


def table() -> dict[str, Any]:
    """Every command with its flags, arguments and verbs."""
    found = {}
    for name in command_names():
        command = import_module(f"k8sai.commands.{name}").main.command
        found[name] = _described(click_command(command, name), name)
    return found


def _described(parser: Any, words: str) -> dict[str, Any]:
    """`words` lead to it: `queue stop`."""
    flags = [_flag(p) for p in parser.params if p.param_type_name == "option" and not p.hidden]
    flags.append({"names": ["-h", "--help"], "help": "Show this message and exit."})
    flags.append({"names": ["--debug"], "help": "On an error, show where it happened."})
    verbs = {
        name: _described(verb, f"{words} {name}")
        for name, verb in getattr(parser, "commands", {}).items()
        if not verb.hidden
    }
    return {
        "help": _sentence(parser.help),
        "flags": flags,
        "arguments": [_argument(p, words) for p in parser.params if p.param_type_name == "argument"],
        **({"verbs": verbs} if verbs else {}),
    }


def _flag(option: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"names": [*option.opts, *option.secondary_opts], "help": _sentence(option.help)}
    if option.multiple:
        described["repeats"] = True
    if not option.is_flag:
        described["value"] = _value(option, [*option.opts, option.metavar or ""])
    return described


def _argument(argument: Any, words: str) -> dict[str, Any]:
    metavar = (argument.metavar or "").strip("[].")
    return {"repeats": argument.nargs == -1, "value": _value(argument, [f"{words} {metavar}", metavar])}


def _value(parameter: Any, keys: list[str]) -> dict[str, Any]:
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return {"words": [getattr(choice, "value", choice) for choice in choices]}
    if fixed := next((_WORDS[key] for key in keys if key in _WORDS), None):
        return {"words": fixed}
    return {"from": next((_FROM[key] for key in keys if key in _FROM), "nowhere")}


def _sentence(text: str | None) -> str:
    first = (text or "").strip().split("\n\n")[0]
    return " ".join(first.split())


def files() -> dict[str, str]:
    """Name and text of every file in completions/ that is written here."""
    words = table()
    scripts = {f"k8sai.{shell}": write(tuple(words)) for shell, write in _shells.SCRIPTS.items()}
    return {"commands.json": json.dumps(words, indent=1, ensure_ascii=False) + "\n", **scripts}


def write() -> None:
    """Writes them."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
