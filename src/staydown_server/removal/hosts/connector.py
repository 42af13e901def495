"""The seam between an order and the host that carries it out: what every connector can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.models import Removal

#: What a host answers for something it has taken down. Not 401 or 403: a host that turns our
#: request away may still show the picture to everybody else.
GONE = frozenset({404, 410, 451})


class Refusal(Exception):
    """The host will not do it, and asking again changes nothing before somebody acts.

    Where *is_final*, nothing that anybody does would help.
    """

    def __init__(self, trouble: Removal.Trouble, *, is_final: bool = False) -> None:
        super().__init__(trouble.value)
        self.trouble, self.is_final = trouble, is_final


class SettingError(Exception):
    """A host cannot be connected with these settings; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that the operator tells a connector; needed unless there is a *default*."""

    name: str
    meaning: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """Where we look whether an item is gone, and which answers say so."""

    url: str
    gone: frozenset[int] = GONE
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """One removal, as its connector sees it; *turn* counts each time it was turned round.

    The receipt holds what the connector has to know later. ``remember`` writes it down at
    once: before the host is asked, since power may fail after it obeyed.
    """

    removal_id: int
    turn: int
    item: Item
    receipt: dict[str, Any]
    statement_of_reasons: Callable[[], dict[str, Any]]
    write_down: Callable[[dict[str, Any]], None]

    @property
    def appeal_url(self) -> str:
        """The uploader's secret link to their statement of reasons, for their eyes only."""
        return str(self.statement_of_reasons().get("appeal_url", ""))

    def remember(self, **facts: Any) -> None:
        self.receipt.update(facts)
        self.write_down(self.receipt)


class Connector(ABC):
    """How one kind of host is talked to.

    Every method may be called again after a crash, and then finds it done. They raise
    :class:`RetryLater` where the host may obey later, and :class:`Refusal` where it will not.
    """

    kind: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]] = ()
    #: Whether the host can put back what it took down.
    reversible: bool = True

    def __init__(self, host: Host) -> None:
        self.host = host
        defaults = {setting.name: setting.default or "" for setting in self.settings}
        self.given: dict[str, str] = {**defaults, **host.credentials}

    @abstractmethod
    def take_down(self, order: Order) -> bool:
        """Have the item taken down; False if the host did not have it any more."""

    @abstractmethod
    def restore(self, order: Order) -> bool:
        """Have the item put back; False if there is nothing to put back."""

    def unit(self, item: Item, receipt: Mapping[str, Any]) -> str | None:
        """What is really taken down, where several items can be in it (a post, an account):
        it is put back only with the last of them. None where each item is apart."""
        return None

    def addresses(self, order: Order) -> tuple[Address, ...]:
        """Every address that must stop serving the item: page, file, thumbnails."""
        return tuple(Address(url) for url in order.item.addresses)

    def is_gone(self, order: Order) -> bool:
        """Look ourselves whether the item is gone."""
        return all(self.serves_nothing(address) for address in self.addresses(order))

    def serves_nothing(self, address: Address) -> bool:
        headers = {"Cache-Control": "no-cache", **address.headers}
        try:
            answer = fetch.fetch(address.url, host=self.host, headers=headers)
        except fetch.FetchError as error:
            # A host that is down serves nothing, but it comes back: that is no proof.
            raise RetryLater("the host did not answer") from error
        return answer.status in address.gone


def checked(connector: type[Connector], given: Mapping[str, str]) -> dict[str, str]:
    """*given* with defaults filled in; raises :class:`SettingError`."""
    known = {setting.name: setting for setting in connector.settings}
    if unknown := sorted(given.keys() - known.keys()):
        names = ", ".join(known) or "none"
        raise SettingError(f"{connector.kind} has no setting {unknown[0]!r} (it has: {names})")
    values = {}
    for name, setting in known.items():
        value = given.get(name) or setting.default
        if value is None:
            raise SettingError(f"{connector.kind} needs {name}: {setting.meaning}")
        if setting.choices and value not in setting.choices:
            raise SettingError(f"{name} is one of: {', '.join(setting.choices)}")
        values[name] = value
    return values
