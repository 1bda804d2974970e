"""The door every command enters and leaves by: fast `--version`, the words for how we were called, errors to exit codes."""

import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from k8sai import __version__
from k8sai.errors import Exit, K8saiError

Command = Callable[..., Any]
_PLUGIN = re.compile(r"kubectl-ai_(\w+)")
_OURS = re.compile(r"`k8sai (\w+)")


def called_as(argv0: str) -> str:
    """How the user says our name, with a place for the command: "kubectl ai-{}", "kubectl k8sai {}" or "k8sai {}"."""
    name = Path(argv0).name.removesuffix(".exe")
    if _PLUGIN.fullmatch(name):
        return "kubectl ai-{}"
    return "kubectl k8sai {}" if name == "kubectl-k8sai" else "k8sai {}"


def speak(text: str, argv0: str | None = None) -> str:
    """Our commands in backticks, as the user would type them: `k8sai top --once` becomes `kubectl ai-top --once`."""
    said = called_as(sys.argv[0] if argv0 is None else argv0)
    return _OURS.sub(lambda m: "`" + said.format(m.group(1)), text)


def command_names() -> tuple[str, ...]:
    """The commands that exist: the files beside this one."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("[a-z]*.py")))


def dispatch(argv: list[str] | None = None) -> NoReturn:
    """`k8sai COMMAND …` and `kubectl k8sai COMMAND …`."""
    args = sys.argv[1:] if argv is None else argv
    names = command_names()
    if not args or args[0] in ("-h", "--help", "help"):
        print(_overview(names))
        sys.exit(Exit.OK)
    if args[0] in ("--version", "version"):
        _say_version()
    if args[0] not in names:
        from difflib import get_close_matches

        near = get_close_matches(args[0], names, 1)
        tail = f"did you mean `k8sai {near[0]}`?" if near else f"commands: {', '.join(names)}"
        _leave(K8saiErrorLine(f"there is no command {args[0]!r}", tail), Exit.USAGE)
    import_module(f"k8sai.commands.{args[0]}").main(args[1:])
    sys.exit(Exit.OK)


def entry(command: Any, name: str) -> Callable[..., NoReturn]:
    """The console script of one command, from its function or from a Typer app with verbs.

    A command returns an exit code (or None for OK) or raises a K8saiError.
    """

    def main(argv: list[str] | None = None) -> NoReturn:
        args = sys.argv[1:] if argv is None else argv
        if args == ["--version"]:
            _say_version()
        _run(command, name, args)

    return main


def _run(command: Any, name: str, args: list[str]) -> NoReturn:
    import typer

    if isinstance(command, typer.Typer):
        app = command
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(context_settings={"help_option_names": ["-h", "--help"]})(command)
    debug = "--debug" in args
    try:
        code = app(args=[a for a in args if a != "--debug"], prog_name=called_as(sys.argv[0]).format(name), standalone_mode=False)
        _flush()
        sys.exit(int(code or 0))
    except K8saiError as error:
        if debug:
            raise
        _leave(K8saiErrorLine(error.message, error.hint), error.exit)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(Exit.INTERRUPT)
    except BrokenPipeError:  # `| head` closed the pipe: not an error of ours, and nothing may be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    except Exception as error:
        _unforeseen(error, debug, name)


def _unforeseen(error: Exception, debug: bool, name: str) -> NoReturn:
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # the command line library's usage errors
        _leave(K8saiErrorLine(error.format_message().rstrip("."), f"see `k8sai {name} --help`"), Exit.USAGE)
    if debug:
        raise error
    what = " ".join(str(error).split())[:200]
    _leave(
        K8saiErrorLine(f"a bug in k8sai: {type(error).__name__}: {what}", "run it again with --debug and report what it prints"),
        Exit.BUG,
    )


class K8saiErrorLine(str):
    """What goes to stderr: the sentence, then the next command on a line of its own."""

    def __new__(cls, message: str, hint: str = "") -> "K8saiErrorLine":
        text = f"error: {speak(message)}"
        return super().__new__(cls, text + (f"\n  → {speak(hint)}" if hint else ""))


def _leave(line: str, code: int) -> NoReturn:
    _flush()
    print(line, file=sys.stderr)
    sys.exit(int(code))


def _flush() -> None:
    """Data before talk, so that the two streams never interleave wrongly on a terminal."""
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def _say_version() -> NoReturn:
    print(f"k8sai {__version__}")
    sys.exit(Exit.OK)


def _overview(names: tuple[str, ...]) -> str:
    import ast

    lines = [f"k8sai {__version__}: where every GPU of a cluster is, who holds it and what is free.", "", "Commands:"]
    for name in names:
        doc = ast.get_docstring(ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))) or ""
        lines.append(f"  {name:<12} {doc.splitlines()[0] if doc else ''}")
    said = called_as(sys.argv[0])
    return "\n".join([*lines, "", f"Each has its own help: {said.format('COMMAND --help')}"])
