"""kubectl's own connection flags, with kubectl's meaning, for every command that talks to a cluster."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _talk
from k8sai.commands._spelling import long_name
from k8sai.errors import Usage

_SECTION = "Connection, as in kubectl"


def _flag(*names: str, metavar: str = "TEXT", help: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=_SECTION, show_default=False)


Recording = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="Read a recording or `kubectl get -o json`; - is stdin."),
]

_SCOPE = "Only what is in this namespace."


def _namespace(means: str) -> Any:
    return Annotated[str, _flag("-n", "--namespace", metavar="NAME", help=means)]


_TYPES: dict[str, Any] = {
    "namespace": _namespace(_SCOPE),
    "context": Annotated[list[str], _flag("--context", metavar="NAME", help="The kubeconfig context to use.")],
    "kubeconfig": Annotated[str, _flag("--kubeconfig", metavar="FILE", help="The kubeconfig file to use.")],
    "cluster": Annotated[str, _flag("--cluster", metavar="NAME", help="The kubeconfig cluster to use.")],
    "user": Annotated[str, _flag("--user", metavar="NAME", help="The kubeconfig user to use.")],
    "server": Annotated[str, _flag("-s", "--server", metavar="URL", help="Address of the API server.")],
    "request_timeout": Annotated[
        str,
        _flag("--request-timeout", metavar="TIME", help="Give up on one request after this long: 30s, 1m; 0 waits."),
    ],
    "token": Annotated[str, _flag("--token", help="Bearer token.")],
    "as_user": Annotated[str, _flag("--as", metavar="NAME", help="User to impersonate.")],
    "as_group": Annotated[
        list[str], _flag("--as-group", metavar="NAME", help="Group to impersonate; may be repeated.")
    ],
    "as_uid": Annotated[str, _flag("--as-uid", metavar="UID", help="UID to impersonate.")],
    "certificate_authority": Annotated[
        str, _flag("--certificate-authority", metavar="FILE", help="Certificates that vouch for the server.")
    ],
    "client_certificate": Annotated[str, _flag("--client-certificate", metavar="FILE", help="Client certificate.")],
    "client_key": Annotated[str, _flag("--client-key", metavar="FILE", help="Key of the client certificate.")],
    "tls_server_name": Annotated[
        str, _flag("--tls-server-name", metavar="NAME", help="The name the server's certificate must have.")
    ],
    "insecure_skip_tls_verify": Annotated[
        bool, _flag("--insecure-skip-tls-verify", metavar="", help="Do not check the server's certificate.")
    ],
}


def connected(command: Callable[..., int | None], namespace: str = _SCOPE) -> Callable[..., int | None]:
    """Gives a command whose first parameter is `options: Options` kubectl's flags in its place; `namespace` says what
    the one that -n names is to it.

    One that has a parameter `contexts` takes --context several times, and is given them all; to others that is refused.
    """
    own = signature(command, eval_str=True)
    several = "contexts" in own.parameters
    rest = [p for p in own.parameters.values() if p.name not in ("options", "contexts")]
    types = _TYPES | {"namespace": _namespace(namespace)}
    flags = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=_absent(name), annotation=kind) for name, kind in types.items()
    ]

    @wraps(command)
    def run(**given: Any) -> int | None:
        values = {name: given.pop(name) for name in _TYPES}
        values["as_group"] = tuple(values["as_group"] or ())
        contexts = tuple(dict.fromkeys(filter(None, values.pop("context") or ())))
        if len(contexts) > 1 and not several:
            raise Usage(
                f"this command asks one cluster, and {len(contexts)} contexts were named: {', '.join(contexts)}",
                "`k8sai top` shows several at once",
            )
        options = Options(**values, context=contexts[0] if len(contexts) == 1 else "")
        _talk.carry(again(options, contexts))
        return command(options, **given, **({"contexts": contexts} if several else {}))

    run.__signature__ = Signature([*(p.replace(kind=Parameter.KEYWORD_ONLY) for p in rest), *flags])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in [*rest, *flags]}
    return run


def _absent(name: str) -> str | bool | list[str]:
    return {"context": [], "as_group": [], "insecure_skip_tls_verify": False}.get(name, "")  # type: ignore[return-value]


def again(options: Options, contexts: Sequence[str] = ()) -> list[str]:
    """The words that lead to the same cluster as the same user, without anything secret; or to the same clusters."""
    words: list[str] = []
    for name in ("kubeconfig", "context", "cluster", "user", "server", "as_user"):
        if value := getattr(options, name):
            words += [long_name(name), value]
    return words + [word for context in contexts if not options.context for word in ("--context", context)]


def seconds(flag: str, text: str) -> float | None:
    """A time as people write it, `90`, `90s` or `10m`; None where nothing was said. Raises Usage."""
    from k8sai.ages import duration

    if not text:
        return None
    try:
        return float(text) if text.isdigit() else duration(text)
    except ValueError as error:
        raise Usage(f"{flag}: {error}") from error


def given(options: Options) -> list[str]:
    """The connection flags that were given, by their long names."""
    return [long_name(f.name) for f in fields(options) if getattr(options, f.name)]
