"""The connector for a bucket that speaks S3: objects are moved below a quarantine prefix.

An object is copied and then deleted (S3 has no rename): ``CopyObject`` and ``DeleteObjects`` of the
S3 API, through obstore (https://developmentseed.org/obstore/latest/api/copy/). The item's id is
the object's key. docs/hosts/s3.md has the policy that the key needs.

obstore connects by itself, not through catalogue/fetch.py: it goes to the endpoint that the
operator wrote down, which must be one of the host's origins, and nowhere an item says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from staydown_server.catalogue.locate import on_host
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.connector import Connector, Order, Refusal, Setting
from staydown_server.removal.models import Removal

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store


class S3(Connector):
    """Objects in one bucket."""

    kind = "s3"
    settings = (
        Setting("endpoint", "the address of the S3 service, such as https://s3.example"),
        Setting("bucket", "the bucket's name"),
        Setting("access_key_id", "the id of the access key"),
        Setting("secret_access_key", "its secret", is_secret=True),
        Setting("region", "the bucket's region", default="us-east-1"),
        Setting("prefix", "where removed objects go", default="staydown-quarantine/"),
    )

    def take_down(self, order: Order) -> bool:
        with _errors_told(), self._store() as store:
            key = self._key(order)
            held = f"{self.given['prefix'].strip('/')}/{order.removal_id}-{order.turn}/{key}"
            if _head(store, key) is None:
                self._check_bucket(store)
                return _head(store, held) is not None
            order.remember(held=held)
            store.copy(key, held)
            store.delete(key)
        return True

    def restore(self, order: Order) -> bool:
        with _errors_told(), self._store() as store:
            key, held = self._key(order), order.receipt.get("held")
            kept = None if held is None else _head(store, held)
            if held is None or kept is None:
                self._check_bucket(store)
                return False
            there = _head(store, key)
            if there is not None and there["e_tag"] != kept["e_tag"]:
                raise Refusal(Removal.Trouble.OCCUPIED)
            store.copy(held, key)
            store.delete(held)
        return True

    def _key(self, order: Order) -> str:
        key, prefix = order.item.host_item_id, self.given["prefix"].strip("/")
        if not key or key.startswith(f"{prefix}/") or {".", ".."} & set(key.split("/")):
            raise Refusal(Removal.Trouble.UNKNOWN_ID)
        return key

    @staticmethod
    def _check_bucket(store: "S3Store") -> None:
        """To a question for one object, a bucket that is not there answers as one without it."""
        from obstore.exceptions import BaseError

        try:
            store.list_with_delimiter("staydown/is/here")
        except BaseError as error:
            # The library has no class for it, and its message quotes the service's code.
            if "<Code>NoSuchBucket</Code>" in str(error):
                raise Refusal(Removal.Trouble.SETTINGS) from None
            raise

    @contextmanager
    def _store(self) -> Iterator["S3Store"]:
        if find_spec("obstore") is None or not on_host(self.given["endpoint"], self.host):
            raise Refusal(Removal.Trouble.SETTINGS)
        from obstore.store import S3Store

        is_plain = self.given["endpoint"].startswith("http://")
        yield S3Store(
            self.given["bucket"],
            endpoint=self.given["endpoint"].rstrip("/"),
            region=self.given["region"],
            access_key_id=self.given["access_key_id"],
            secret_access_key=self.given["secret_access_key"],
            virtual_hosted_style_request=False,
            client_options={"allow_http": is_plain, "connect_timeout": "5s", "timeout": "60s"},
            # Our jobs do the trying again.
            retry_config={"max_retries": 0},
        )


def _head(store: "S3Store", key: str) -> "ObjectMeta | None":
    try:
        return store.head(key)
    except FileNotFoundError:
        return None


@contextmanager
def _errors_told() -> Iterator[None]:
    """Sort obstore's errors; none of them goes further, since they quote keys and addresses."""
    if find_spec("obstore") is None:
        raise Refusal(Removal.Trouble.SETTINGS)
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except UnauthenticatedError:
        raise Refusal(Removal.Trouble.TOKEN) from None
    except PermissionDeniedError:
        raise Refusal(Removal.Trouble.FORBIDDEN) from None
    except (BaseError, OSError):
        raise RetryLater("the bucket did not answer") from None
