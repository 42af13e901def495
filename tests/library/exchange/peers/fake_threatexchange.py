"""ThreatExchange's part of the Graph API: updates of a privacy group, descriptors, reactions."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from library.exchange.served import Asked, Said

TOKEN = "1234567890|key-of-alices-platform"
GROUP = 777


@dataclass
class FakeThreatExchange:
    address: str = ""
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: int = 1_700_000_000
    most: int = 3
    asked: list[Asked] = field(default_factory=list)
    error: dict[str, Any] | None = None
    next_override: str | None = None

    def put(
        self, kind: str, indicator: str, *statuses: str, owner: int = 5, **more: Any
    ) -> dict[str, Any]:
        self.now += 10
        name = str(9_000_000_000_000_000 + len(self.records))
        opinions = [
            {"id": f"{name}{at}", "owner": {"id": str(owner + at)}, "status": status}
            for at, status in enumerate(statuses)
        ]
        self.records[name] = {
            "id": name,
            "indicator": indicator,
            "type": kind,
            "last_updated": self.now,
            "should_delete": False,
            "descriptors": {"data": opinions},
            **more,
        }
        return self.records[name]

    def touch(self, record: dict[str, Any], **more: Any) -> None:
        self.now += 10
        record.update(last_updated=self.now, **more)

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        form = dict(parse_qsl(asked.body.decode()))
        if asked.query.get("access_token") not in self.tokens:
            return _error(190, f"Error validating {asked.query.get('access_token')}")
        if self.error:
            return _error(**self.error)
        if asked.path == f"/v26.0/{GROUP}/threat_updates/":
            return self._updates(asked)
        if asked.path == "/v26.0/threat_descriptors" and asked.method == "POST":
            needed = {"indicator", "type", "description", "share_level", "status", "privacy_type"}
            if not needed <= set(form):
                return _error(100, "missing field")
            made = self.put(form["type"], form["indicator"], form["status"], owner=1)
            made["tags"] = form.get("tags")
            return _json({"success": True, "id": made["descriptors"]["data"][0]["id"]})
        for record in self.records.values():
            for opinion in record["descriptors"]["data"]:
                if asked.path == f"/v26.0/{opinion['id']}":
                    if asked.method == "DELETE":
                        record["descriptors"]["data"].remove(opinion)
                        self.touch(record, should_delete=not record["descriptors"]["data"])
                    else:
                        opinion["reactions"] = [{"key": form["reactions"], "value": "1"}]
                        self.touch(record)
                    return _json({"success": True})
        return _error(803, "no such object", 404)

    def _updates(self, asked: Asked) -> Said:
        types = asked.query["types"].split(",")
        after = asked.query.get("after", "")
        found = sorted(
            (
                each
                for each in self.records.values()
                if each["last_updated"] >= int(asked.query["start_time"])
                and each.get("type") in types
            ),
            key=lambda each: each["last_updated"],
        )
        first = int(after) if after else 0
        last = first + min(self.most, int(asked.query["limit"]))
        page = {"data": found[first:last]}
        if found[last:]:
            # As the real one does: the whole address, with the token in it.
            following = urlencode({**asked.query, "after": last})
            page["paging"] = {  # type: ignore[assignment]
                "cursors": {"after": str(last)},
                "next": self.next_override or f"{self.address}{asked.path}?{following}",
            }
        return _json(page)


def _json(values: object) -> Said:
    return Said(200, json.dumps(values).encode(), {"Content-Type": "application/json"})


def _error(code: int, message: str, status: int = 400) -> Said:
    error = {"message": message, "type": "OAuthException", "code": code}
    return Said(status, json.dumps({"error": error}).encode())
