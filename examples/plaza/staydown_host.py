"""The webhook that Staydown calls: Plaza obeys an order only if its signature holds.

With the five calls of `staydown.client` where Plaza posts, shows and forgets pictures, this is the
whole integration: docs/plaza.md names them.
"""

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from staydown.client import Forged, Staydown

from .board import Board, StaleOrderError, UnknownItemError


def orders(board: Board, staydown: Staydown, *, url: str) -> Blueprint:
    """The webhook of the Plaza that the world knows as *url*."""
    blueprint = Blueprint("staydown", __name__)

    @blueprint.post("/staydown/webhook")
    def webhook() -> ResponseReturnValue:
        try:
            # The address as Staydown knows it, whatever this call claims to have been sent to.
            event = staydown.read_event(
                url=f"{url}{request.path}", headers=dict(request.headers), body=request.get_data()
            )
            _obey(board, event)
        except Forged as error:
            return jsonify(error=str(error)), 401
        except UnknownItemError:
            return jsonify(error="unknown item"), 404
        except StaleOrderError as error:
            return jsonify(error=str(error)), 409
        except (KeyError, TypeError, ValueError):
            return jsonify(error="this event is not understood"), 400
        return jsonify(status="done")

    return blueprint


def _obey(board: Board, event: dict[str, Any]) -> None:
    event_id = str(event["id"])
    ordered_at = datetime.fromisoformat(event["created"])
    if ordered_at.tzinfo is None:
        raise ValueError("the time of an event has no zone")
    reasons = dict(event.get("statement_of_reasons") or {})
    match event["event"]:
        case "item.remove":
            item_id = str(event["item"]["id"])
            board.remove(item_id, event_id=event_id, ordered_at=ordered_at, reasons=reasons)
        case "item.restore":
            board.restore(str(event["item"]["id"]), event_id=event_id, ordered_at=ordered_at)
        case "upload.allowed":
            ours = str(event["upload"]["reference"])
            board.allow(ours, event_id=event_id, ordered_at=ordered_at)
        case "upload.refused":
            ours = str(event["upload"]["reference"])
            board.decline(ours, event_id=event_id, ordered_at=ordered_at, reasons=reasons)
        case other:
            raise ValueError(f"unknown event {other!r}")
