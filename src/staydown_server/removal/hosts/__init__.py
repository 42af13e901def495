"""Connectors: how each kind of host takes an item down and puts it back."""

from staydown_server.accounts.models import Host
from staydown_server.removal.hosts.connector import Connector
from staydown_server.removal.hosts.discourse import Discourse
from staydown_server.removal.hosts.folder import Folder
from staydown_server.removal.hosts.lemmy import Lemmy
from staydown_server.removal.hosts.mastodon import Mastodon
from staydown_server.removal.hosts.matrix import Matrix
from staydown_server.removal.hosts.peertube import PeerTube
from staydown_server.removal.hosts.s3 import S3
from staydown_server.removal.hosts.telegram import Telegram
from staydown_server.removal.hosts.webhook import Webhook

#: Every kind of host, by the name that ``staydown host add --kind`` takes.
KINDS: dict[str, type[Connector]] = {
    connector.kind: connector
    for connector in (
        *(Webhook, Folder, S3, Mastodon, PeerTube, Lemmy, Discourse, Matrix, Telegram),
    )
}


def connector_of(host: Host) -> Connector:
    """The connector of *host*, with its credentials."""
    return KINDS[host.kind](host)
