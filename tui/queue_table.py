"""A table of what the newest look at the queues shows."""

from k8sai.tui.table_pane import TablePane


class QueueTable(TablePane):
    """Looks again when that is due, and not while it is paused."""

    def looked(self) -> None:
        """There is a newer look, and nobody has paused the table."""
        raise NotImplementedError

    def tick(self) -> None:
        if not self.table.paused:
            self.look()
        self.repaint()

    def refresh_now(self) -> None:
        self.desk.queue_watch().at_once()
        self.look()
        super().refresh_now()

    def look(self) -> None:
        """Begin to read, and look again if that is due."""
        watch = self.desk.queue_watch()
        watch.start()  # a cluster that joins late has its queues later too
        watch.renew(self, self._looked)

    def _looked(self) -> None:
        if self.is_attached and not self.table.paused:
            self.looked()
