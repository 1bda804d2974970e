"""An object of the cluster as the screen speaks of it: what describe, YAML, logs and why are asked about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """`kind` as kubectl writes it in full: `pods`, `nodes`, `jobs.batch`. `namespace` is "" where kinds have none."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.word} {where}{self.name}"

    @property
    def word(self) -> str:
        """What one of its kind is called: `pod`, `job`, `deviceclass`."""
        plural = self.kind.partition(".")[0]
        return plural.removesuffix("es") if plural.endswith("sses") else plural.removesuffix("s")


def node(name: str) -> Subject:
    """A node."""
    return Subject("nodes", "", name)


def pod(namespace: str, name: str) -> Subject:
    """A pod."""
    return Subject("pods", namespace, name)
