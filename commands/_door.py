"""The door every command enters and leaves by: fast `--version`, errors to exit codes, signals, a closed pipe."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from k8sai import __version__
from k8sai.commands import _print, _talk
from k8sai.errors import Exit, K8saiError

Command = Callable[..., Any]

_PATIENCE = 5  # seconds to give back the screen after SIGTERM


class _Terminated(SystemExit):
    """SIGTERM or SIGHUP: unwind, so that a screen is given back, then die of it. An event loop lets SystemExit pass."""

    by: signal.Signals = signal.SIGTERM


def command_names() -> tuple[str, ...]:
    """The commands that exist: the files beside this one."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("[a-z]*.py")))


def dispatch(argv: list[str] | None = None) -> NoReturn:
    """`k8sai COMMAND …` and `kubectl k8sai COMMAND …`."""
    args = sys.argv[1:] if argv is None else argv
    names = command_names()
    if not args or args[0] in ("-h", "--help", "help"):
        _leave(_ended(lambda: _print.line(_overview(names)), debug=False))
    if args[0] in ("--version", "version"):
        _leave(_ended(_say_version, debug=False))
    if args[0] not in names:
        _talk.error(*_no_such_command(args[0], names))
        _leave(Exit.USAGE)
    import_module(f"k8sai.commands.{args[0]}").main(args[1:])
    _leave(Exit.OK)


def entry(command: Any, name: str) -> Callable[..., NoReturn]:
    """The console script of one command, from its function or from a Typer app with verbs.

    A command returns an exit code (or None for OK) or raises a K8saiError. `entry(…).command` is what it was made from.
    """

    def main(argv: list[str] | None = None) -> NoReturn:
        args = sys.argv[1:] if argv is None else argv
        if args == ["--version"]:
            _leave(_ended(_say_version, debug=False))
        code = _guarded(command, name, args)
        _talk.carry(())
        _leave(code)

    main.command = command  # type: ignore[attr-defined]
    return main


def click_command(command: Any, name: str) -> Any:
    """The parser of a command: what `--help` prints and completion is generated from."""
    import typer
    from typer.main import get_command

    from k8sai.commands._help import Sectioned

    if isinstance(command, typer.Typer):
        app = command
        for verb in app.registered_commands:
            verb.cls = Sectioned
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, cls=Sectioned)(command)
    parser = get_command(app)
    parser.context_settings.setdefault("help_option_names", ["-h", "--help"])
    return parser


def _guarded(command: Any, name: str, args: list[str]) -> int:
    """Runs the command; how it ended, as its exit code."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # a terminal that is gone; not under nohup
        signal.signal(signal.SIGHUP, _on_sighup)
    debug, args = _without_debug(args)
    return _ended(lambda: _invoke(command, name, args), debug)


def _ended(run: Callable[[], int | None], debug: bool) -> int:
    """Turns every way to fail into its line on stderr and its exit code."""
    try:
        try:
            return run() or Exit.OK
        finally:
            _print.flush()  # data before talk, so that the two never interleave wrongly on a terminal
    except KeyboardInterrupt:
        return Exit.INTERRUPT
    except BrokenPipeError:  # `| head` has seen enough: not an error of ours
        _print.abandon()
        return Exit.OK
    except _Terminated as told:
        signal.signal(told.by, signal.SIG_DFL)
        os.kill(os.getpid(), told.by)
        return Exit.INTERRUPT
    except Exception as error:
        return _told(error, debug)


def _told(error: Exception, debug: bool) -> int:
    """Says what went wrong (and where, with --debug) and gives the exit code for it."""
    if debug:
        from traceback import print_exception

        print_exception(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):  # of the help
        _print.abandon()
        error = _print.unwritable(error)
    if isinstance(error, K8saiError):
        _talk.error(error.message, error.hint, error.more)
        return error.exit
    what = f"a bug in k8sai: {type(error).__name__}: {error}"
    _talk.error(what, "report it with what is printed above" if debug else "run it again with --debug and report it")
    return Exit.BUG


def _invoke(command: Any, name: str, args: list[str]) -> int:
    """Parses and runs; the command line library's own main would hide a closed pipe and Ctrl-C from us."""
    from typer import Abort
    from typer import Exit as Leave
    from typer._click.exceptions import ClickException, NoArgsIsHelpError

    parser = click_command(command, name)
    try:
        with parser.make_context(_talk.called_as(sys.argv[0]).format(name), list(args)) as context:
            return int(parser.invoke(context) or 0)
    except Leave as leave:
        return int(leave.exit_code)
    except Abort:
        return Exit.INTERRUPT
    except NoArgsIsHelpError:
        _talk.error(f"`k8sai {name}` needs one of {', '.join(parser.commands)}", f"see `k8sai {name} --help`")
        return Exit.USAGE
    except ClickException as error:
        _talk.error(error.format_message().rstrip("."), f"see `k8sai {_verb(error, name)} --help`")
        return Exit.USAGE


def _verb(error: Any, name: str) -> str:
    """The command that was being parsed: a verb's flags are in the verb's help."""
    context = getattr(error, "ctx", None)
    return f"{name} {context.info_name}" if context is not None and context.parent is not None else name


def _without_debug(args: list[str]) -> tuple[bool, list[str]]:
    """`--debug` anywhere before a bare `--` belongs to the door."""
    end = args.index("--") if "--" in args else len(args)
    ours = [a for a in args[:end] if a != "--debug"]
    return len(ours) < end, ours + args[end:]


def _on_sigterm(_number: int, _frame: object) -> NoReturn:
    """Again after a while: what is raised inside an import's clean-up is lost, and with it a lock others wait for."""
    signal.signal(signal.SIGALRM, _on_sigterm)
    signal.alarm(_PATIENCE)
    raise _Terminated


def _on_sighup(number: int, frame: object) -> NoReturn:
    _Terminated.by = signal.SIGHUP
    _on_sigterm(number, frame)


def _leave(code: int) -> NoReturn:
    sys.exit(int(code))


def _say_version() -> None:
    _print.line(f"k8sai {__version__}")


def _no_such_command(word: str, names: tuple[str, ...]) -> tuple[str, str]:
    from difflib import get_close_matches

    near = get_close_matches(word, names, 1)
    if word.startswith("-"):
        return (
            f"{word!r} comes before the command",
            f"name the command first: {', '.join(f'`k8sai {n}`' for n in names)}",
        )
    hint = f"did you mean `k8sai {near[0]}`?" if near else f"commands: {', '.join(names)}"
    return f"there is no command {word!r}", hint


def _overview(names: tuple[str, ...]) -> str:
    lines = [f"k8sai {__version__}: where every GPU of a cluster is, who holds it and what is free.", "", "Commands:"]
    lines += [f"  {name:<12} {_first_line(name)}" for name in names]
    said = _talk.called_as(sys.argv[0])
    return "\n".join([*lines, "", f"Each has its own help: {said.format('COMMAND --help')}"])


def _first_line(name: str) -> str:
    """The first line of the command's docstring, without importing the command."""
    with (Path(__file__).parent / f"{name}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"')
