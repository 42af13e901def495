"""The connector for a Telegram group or channel, through a bot that is its administrator.

``deleteMessage`` of the Bot API deletes a message for everybody, and nothing brings it back. A bot
deletes what is less than 48 hours old; in a supergroup or channel where it has the right
``can_delete_messages``, any message. There is no method that looks at a message, so we look by
deleting again, which says that there is nothing to delete.

Documented at core.telegram.org/bots/api#deletemessage, #making-requests and #responseparameters
(``retry_after``). Telegram documents no codes for the reasons of a refusal: the words are those
that the Bot API server gives (github.com/tdlib/telegram-bot-api). docs/hosts/telegram.md has the
limits.
"""

import re

from staydown_server.accounts.models import Host
from staydown_server.removal.hosts.api import Api, Reply, parts_of_id
from staydown_server.removal.hosts.connector import Connector, Order, Refusal, Setting
from staydown_server.removal.models import Removal


class Telegram(Connector):
    """Messages; an item's id is ``chat_id/message_id``, such as ``-1001234567890/42``."""

    kind = "telegram"
    reversible = False
    settings = (
        Setting("token", "the bot's token, from @BotFather", is_secret=True),
        Setting("url", "the Bot API server", default="https://api.telegram.org"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._api = Api(
            host, self.given["url"], wait=lambda reply: reply.get("parameters", "retry_after")
        )

    def take_down(self, order: Order) -> bool:
        chat_id, message_id = parts_of_id(order.item, r"(-?\d{1,16})/(\d{1,10})")
        if not re.fullmatch(r"\d+:[\w-]+", self.given["token"], re.ASCII):
            raise Refusal(Removal.Trouble.TOKEN)
        body = {"chat_id": int(chat_id), "message_id": int(message_id)}
        path = f"/bot{self.given['token']}/deleteMessage"
        reply = self._api.ask("POST", path, json_body=body, expect=(200, 400, 404))
        if reply.get("ok") is True:
            return True
        said = str(reply.get("description")).lower()
        if "message to delete not found" in said:
            return False
        raise Refusal(_trouble(reply, said))

    def restore(self, order: Order) -> bool:
        raise Refusal(Removal.Trouble.CANNOT_RESTORE, is_final=True)

    def is_gone(self, order: Order) -> bool:
        """It is once there is nothing left to delete."""
        return not self.take_down(order)


def _trouble(reply: Reply, said: str) -> Removal.Trouble:
    if reply.status == 404:
        # What a token gets that is not one of a bot's.
        return Removal.Trouble.TOKEN
    if "message can't be deleted" in said:
        return Removal.Trouble.TOO_OLD
    if "not enough rights" in said or "chat not found" in said:
        return Removal.Trouble.FORBIDDEN
    return Removal.Trouble.REJECTED
