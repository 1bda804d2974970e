"""What tests of `queue` on the embedded cluster share."""

from tests.commands.queue_site import queue_sim, site

__all__ = ["queue_sim", "site"]  # fixtures
