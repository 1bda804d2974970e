"""What a cluster says has happened: Kubernetes' core events, as far as they are shown."""

from msgspec import Struct

from k8sai.facts import ObjectMeta


class _Form(Struct, gc=False, frozen=True, rename="camel", omit_defaults=True):
    """The settings all of these share."""


class About(_Form, frozen=True):
    """The object an event is about. Of a node the namespace is empty."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class EventSource(_Form, frozen=True):
    component: str = ""
    host: str = ""


class EventSeries(_Form, frozen=True):
    count: int = 0
    last_observed_time: str | None = None


class Event(_Form, frozen=True):
    """One thing that happened, perhaps many times. New components fill `event_time` and `series`, old ones `count`."""

    metadata: ObjectMeta = ObjectMeta()
    involved_object: About = About()
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    reporting_component: str = ""

    @property
    def uid(self) -> str:
        """What it is known by."""
        return self.metadata.uid or f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def warning(self) -> bool:
        return self.type == "Warning"

    @property
    def last(self) -> str:
        """When it was last seen, RFC 3339."""
        series = self.series.last_observed_time if self.series is not None else None
        return series or self.last_timestamp or self.event_time or self.metadata.creation_timestamp or ""

    @property
    def times(self) -> int:
        """How often it was seen."""
        return (self.series.count if self.series is not None else 0) or self.count or 1

    @property
    def said_by(self) -> str:
        """The component that says so."""
        return (self.source.component if self.source is not None else "") or self.reporting_component
