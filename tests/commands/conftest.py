"""What tests of `queue`, `canary` and `evict` on the embedded cluster share."""

from tests.commands.canary_kept_site import canary_sim, kept
from tests.commands.canary_route_site import chat, chat_sim
from tests.commands.evict_site import evict_sim, evicts
from tests.commands.queue_site import queue_sim, site

__all__ = ["canary_sim", "chat", "chat_sim", "evict_sim", "evicts", "kept", "queue_sim", "site"]  # fixtures
