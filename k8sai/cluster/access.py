"""Which server, as whom, in which namespace: a context of the kubeconfig with the flags laid over it.

The precedences are kubectl's (client-go, tools/clientcmd): a flag wins over the entry it speaks of, `--context` brings
its own namespace, `--server` alone needs no kubeconfig, and inside a pod the service account stands in where no
kubeconfig says more.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k8sai.cluster.kubeconfig import Entry, Kubeconfig, load
from k8sai.cluster.options import Options, checked_namespace
from k8sai.errors import Usage

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"  # its content is handed to credential plugins
_API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_WITHOUT = "set KUBECONFIG or give --kubeconfig FILE; `k8sai demo` shows a cluster of its own"
_MODES = ("Never", "IfAvailable", "Always")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The server, and how to know that it is the right one."""

    server: str
    ca_file: str = ""
    ca_data: bytes = b""  # PEM; wins over the file
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    plugin_config: Any = None  # what the kubeconfig wants handed to credential plugins

    @property
    def secure(self) -> bool:
        return self.server.startswith("https://")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A credential plugin (client.authentication.k8s.io)."""

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking. What is empty is not used."""

    name: str = ""  # of the user entry
    token: str = ""
    token_file: str = ""  # read again and again; wins over `token`
    username: str = ""
    password: str = ""
    certificate_file: str = ""
    certificate_data: bytes = b""  # PEM; wins over the file
    key_file: str = ""
    key_data: bytes = b""
    plugin: Plugin | None = None
    auth_provider: Mapping[str, Any] | None = None
    as_user: str = ""
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()
    as_extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """Everything a connection needs to know.

    `context` is what to call it, `flags` are kubectl's flags that lead there too, `files` the kubeconfigs it came from.
    """

    context: str
    namespace: str
    endpoint: Endpoint
    identity: Identity = field(default_factory=Identity)
    files: tuple[str, ...] = ()
    flags: str = ""
    own_flags: str = ""  # without --as


def resolve(options: Options, environ: Mapping[str, str] = os.environ, account: Path = SERVICE_ACCOUNT) -> Access:
    """What the flags, the kubeconfig files and the pod we may be in say together.

    Usage, naming what exists, where a context, cluster or user is asked for that does not, or where no server is named.
    """
    config = load(options.kubeconfig, environ)
    context = _context(config, options)
    cluster = _cluster(config, options, context)
    if not cluster.body and not options.server:
        if _in_pod(environ, account):
            return _service_account(options, environ, account)
        raise _nothing_to_connect_to(config, options, context, environ)
    identity = _identity(_user(config, options, context), options)
    namespace = checked_namespace(options.namespace or context.text("namespace"))
    if not namespace:
        namespace = _pod_namespace(environ, account) if _in_pod(environ, account) else "default"
    endpoint = _endpoint(cluster, options)
    title = context.name or cluster.name or endpoint.server
    return Access(title, namespace, endpoint, identity, config.files, *_flags(options, context.name))


def _flags(options: Options, context: str) -> tuple[str, str]:
    """For a command line to paste: the same place by the same way, as the same user and as ourselves. No secrets."""
    own = (
        ("kubeconfig", options.kubeconfig),
        ("context", context),
        ("cluster", options.cluster),
        ("user", options.user),
        ("server", options.server),
    )
    other = (("as", options.as_user), *(("as-group", group) for group in options.as_group))
    return _joined((*own, *other)), _joined(own)


def _joined(flags: Iterable[tuple[str, str]]) -> str:
    from shlex import quote

    return "".join(f" --{name} {quote(value)}" for name, value in flags if value)


def _context(config: Kubeconfig, options: Options) -> Entry:
    name = options.context or config.current_context
    if name in config.contexts:
        return config.contexts[name]
    if not name:
        return Entry("", kind="context")
    said = "--context" if options.context else "current-context"
    if not config.files:
        raise Usage(f"there is no kubeconfig to find {said} {name!r} in ({_looked(config)})", _WITHOUT)
    raise Usage(f"{said} {name!r} is not in {_places(config)}", _offer("contexts", name, config.contexts))


def _cluster(config: Kubeconfig, options: Options, context: Entry) -> Entry:
    name = options.cluster or context.text("cluster")
    if name in config.clusters:
        return config.clusters[name]
    if options.cluster:
        raise Usage(f"--cluster {name!r} is not in {_places(config)}", _offer("clusters", name, config.clusters))
    if name and not options.server:
        raise Usage(
            f"context {context.name!r} names the cluster {name!r}, which is not in {_places(config)}",
            _offer("clusters", name, config.clusters),
        )
    return Entry(name, kind="cluster")


def _user(config: Kubeconfig, options: Options, context: Entry) -> Entry:
    name = options.user or context.text("user")
    if name in config.users:
        return config.users[name]
    if options.user:
        raise Usage(f"--user {name!r} is not in {_places(config)}", _offer("users", name, config.users))
    if name and not (options.token or options.client_certificate):
        raise Usage(
            f"context {context.name!r} names the user {name!r}, who is not in {_places(config)}",
            _offer("users", name, config.users),
        )
    return Entry(name, kind="user")


def _endpoint(cluster: Entry, options: Options) -> Endpoint:
    server = options.server or cluster.text("server")
    if not server:
        raise Usage(
            f"cluster {cluster.name!r} names no server", "add one: `kubectl config set-cluster NAME --server=https://…`"
        )
    own_ca = options.certificate_authority or options.insecure_skip_tls_verify
    found = Endpoint(
        server=_server_url(server),
        ca_file=options.certificate_authority if own_ca else cluster.path("certificate-authority"),
        ca_data=b"" if own_ca else cluster.data("certificate-authority-data"),
        insecure=options.insecure_skip_tls_verify if own_ca else cluster.flag("insecure-skip-tls-verify"),
        # A server given by hand is not the one the kubeconfig's name belongs to.
        tls_server_name=options.tls_server_name or ("" if options.server else cluster.text("tls-server-name")),
        proxy_url=cluster.text("proxy-url"),
        plugin_config=_plugin_config(cluster),
    )
    if found.insecure and (found.ca_file or found.ca_data):
        raise Usage(
            f"cluster {cluster.name!r} has a certificate authority and insecure-skip-tls-verify: only one can be meant",
            "remove one of the two",
        )
    return found


def _server_url(text: str) -> str:
    """With a scheme and without a trailing slash; a bare host speaks plain http, as kubectl has it."""
    url = text if "://" in text else f"http://{text}"
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https") or not rest.strip("/"):
        raise Usage(f"server {text!r} is not the address of an API server", "write it as https://HOST:PORT")
    return f"{scheme.lower()}://{rest}".split("?")[0].split("#")[0].rstrip("/")


def _plugin_config(cluster: Entry) -> Any:
    for item in cluster.body.get("extensions") or ():
        if isinstance(item, Mapping) and item.get("name") == _EXEC_EXTENSION:
            return item.get("extension")
    return None


def _identity(user: Entry, options: Options) -> Identity:
    own_certificate, own_key = bool(options.client_certificate), bool(options.client_key)
    found = Identity(
        name=user.name,
        token=options.token or user.text("token"),
        token_file="" if options.token else user.path("tokenFile"),
        username=user.text("username"),
        password=user.text("password"),
        certificate_file=options.client_certificate or user.path("client-certificate"),
        certificate_data=b"" if own_certificate else user.data("client-certificate-data"),
        key_file=options.client_key or user.path("client-key"),
        key_data=b"" if own_key else user.data("client-key-data"),
        plugin=_plugin(user),
        auth_provider=provider.body if (provider := user.inner("auth-provider")) else None,
        as_user=options.as_user or user.text("as"),
        as_uid=options.as_uid or user.text("as-uid"),
        as_groups=options.as_group or user.texts("as-groups"),
        as_extra=_extra(user),
    )
    _check(found)
    return found


def _check(who: Identity) -> None:
    """Contradictions kubectl refuses too."""
    if (who.token or who.token_file) and (who.username or who.password):
        raise Usage(f"user {who.name!r} has a token and a password: only one can be used", "remove one of the two")
    if (who.certificate_file or who.certificate_data) and not (who.key_file or who.key_data):
        raise Usage(f"user {who.name!r} has a client certificate without its key", "add client-key or client-key-data")
    if who.plugin and who.auth_provider:
        raise Usage(
            f"user {who.name!r} has an exec plugin and an auth-provider: only one can be used", "remove one of the two"
        )
    if not who.as_user and (who.as_uid or who.as_groups or who.as_extra):
        raise Usage("--as-group and --as-uid say more about the user of --as, who is missing", "add --as USER")


def _plugin(user: Entry) -> Plugin | None:
    entry = user.inner("exec")
    if entry is None:
        return None
    command, version = entry.text("command"), entry.text("apiVersion")
    if not command:
        raise Usage(f"user {user.name!r}: its exec plugin names no command")
    if version not in _API_VERSIONS:
        raise Usage(
            f"user {user.name!r}: its exec plugin wants {version or 'no apiVersion'}, which is not spoken any more",
            f"use {' or '.join(_API_VERSIONS)}",
        )
    mode = entry.text("interactiveMode") or ("IfAvailable" if version.endswith("beta1") else "")
    if mode not in _MODES:
        raise Usage(
            f"user {user.name!r}: interactiveMode of its exec plugin is {mode or 'missing'}",
            f"use one of {', '.join(_MODES)}",
        )
    return Plugin(
        command=entry.beside(command) if os.sep in command else command,
        api_version=version,
        args=entry.texts("args"),
        env=tuple(_env(entry)),
        install_hint=entry.text("installHint").strip(),
        provide_cluster_info=entry.flag("provideClusterInfo"),
        interactive_mode=mode,
    )


def _env(plugin: Entry) -> Iterable[tuple[str, str]]:
    for item in plugin.body.get("env") or ():
        if not isinstance(item, Mapping):
            raise Usage(
                f"user {plugin.name!r}: env of its exec plugin holds {item!r} where name and value are expected"
            )
        pair = Entry(plugin.name, item, plugin.file, f"{plugin.kind}, env")
        yield pair.text("name"), pair.text("value")


def _extra(user: Entry) -> tuple[tuple[str, tuple[str, ...]], ...]:
    entry = user.inner("as-user-extra")
    return tuple((key, entry.texts(key)) for key in entry.body) if entry else ()


def _in_pod(environ: Mapping[str, str], account: Path) -> bool:
    known = environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT")
    return bool(known) and (account / "token").is_file()


def _pod_namespace(environ: Mapping[str, str], account: Path) -> str:
    if environ.get("POD_NAMESPACE"):
        return environ["POD_NAMESPACE"]
    try:
        return (account / "namespace").read_text(encoding="utf-8").strip() or "default"
    except OSError:
        return "default"


def _service_account(options: Options, environ: Mapping[str, str], account: Path) -> Access:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ["KUBERNETES_SERVICE_PORT"]
    entry = Entry(
        "in-cluster",
        {
            "server": f"https://{f'[{host}]' if ':' in host else host}:{port}",
            "certificate-authority": str(account / "ca.crt"),
        },
        kind="cluster",
    )
    user = Entry("service account", {"tokenFile": str(account / "token")}, kind="user")
    namespace = checked_namespace(options.namespace or _pod_namespace(environ, account))
    endpoint, identity = _endpoint(entry, options), _identity(user, options)
    return Access("in-cluster", namespace, endpoint, identity, (), *_flags(options, ""))


def _nothing_to_connect_to(config: Kubeconfig, options: Options, context: Entry, environ: Mapping[str, str]) -> Usage:
    if context.name:
        return Usage(f"context {context.name!r} names no cluster", "choose another with --context")
    if config.contexts:
        return Usage(f"no context is current in {_places(config)}", _offer("contexts", "", config.contexts))
    if config.files:
        return Usage(f"{_places(config)} names no cluster", _WITHOUT)
    return Usage(f"no kubeconfig found ({_looked(config)})", _WITHOUT)


def _looked(config: Kubeconfig) -> str:
    return f"looked for {', '.join(config.missing)}" if config.missing else "KUBECONFIG names no file"


def _places(config: Kubeconfig) -> str:
    return ", ".join(config.files) or "a kubeconfig, as none was found"


def _offer(what: str, wanted: str, there: Iterable[str]) -> str:
    """Did you mean, or what there is."""
    from difflib import get_close_matches

    names = sorted(there)
    if not names:
        return f"it has no {what}"
    near = get_close_matches(wanted, names, 1, 0.6) if wanted else []
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    if near:
        return f"did you mean {near[0]!r}? It has these {what}: {shown}"
    return f"choose one of these {what}: {shown}"
