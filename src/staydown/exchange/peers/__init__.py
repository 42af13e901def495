"""Partners' own lists and files; the only place where brands are named. ``docs/partners.md``"""

from staydown.exchange.peers.update import Batch, NotUnderstood, Update

__all__ = ["Batch", "NotUnderstood", "Update"]
