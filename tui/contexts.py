"""The clusters a kubeconfig knows, and going from one to another."""

from collections.abc import Mapping, Sequence

from k8sai.errors import K8saiError
from k8sai.tui.blank import centred
from k8sai.tui.choice import Context
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, plain
from k8sai.tui.matching import matcher
from k8sai.tui.table_pane import TablePane


class Contexts(TablePane):
    """`:ctx`: enter goes to the cluster under the cursor."""

    stem = "contexts"
    title = "Contexts"
    home = "contexts"
    about = "the clusters of the kubeconfig; enter goes there"
    fields = (
        Field("CONTEXT", least=20, most=80, stretch=True, sort="name", letter="N", middle=True),
        Field("HERE", rank=1, most=6),
        Field("CLUSTER", rank=2, least=12, most=60, stretch=True, sort="cluster", letter="C", middle=True),
        Field("USER", rank=4, least=12, most=60, stretch=True, sort="user", letter="U", middle=True),
        Field("NAMESPACE", rank=3, least=9, most=40, stretch=True, sort="namespace", letter="M"),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.known: Sequence[Context] = ()
        self.found: dict[str, Context] = {}
        self.trouble = ""

    def arrive(self, subject: Mapping[str, str]) -> None:
        self._read()
        super().arrive(subject)

    def refresh_now(self) -> None:
        self._read()
        super().refresh_now()

    def _read(self) -> None:
        self.known, self.trouble = (), ""
        try:
            self.known = self.desk.choice.contexts() if self.desk.choice else ()
        except K8saiError as error:
            self.trouble = error.message

    def order(self) -> Sequence[str]:
        matches = matcher(self.filter.text)
        found = [one for one in self.known if matches(one.name, one.cluster, one.user, one.namespace)]
        found.sort(key=lambda one: (getattr(one, self.sort), one.name), reverse=self.reverse)
        self.found = {one.name: one for one in found}
        return list(self.found)

    def cells(self, key: str) -> tuple[Line, ...]:
        one = self.found[key]
        here = (("*", "accent"),) if key == self.desk.feed.context else ()
        return plain(one.name), here, plain(one.cluster), plain(one.user), plain(one.namespace)

    def choose(self, key: str) -> None:
        self.post_message(self.Go("context", name=key))

    def missing(self, width: int, height: int) -> Sequence[Line]:
        if self.trouble:
            return centred("The kubeconfig cannot be read", self.trouble, "", width, height, "bad")
        if self.desk.choice is None:
            return centred("There is no other cluster to go to", "This is not a live cluster.", "", width, height)
        return centred("The kubeconfig has no contexts", "", "kubectl config get-contexts", width, height)
