"""StopNCII's API as its public client knows it, with a clock and records of its own."""

import json
from dataclasses import dataclass, field
from typing import Any

from library.exchange.served import Asked, Said

KEY = "key-of-alices-platform"


@dataclass
class FakeStopNCII:
    """Records are kept once for each signal type and value, with the time of the last change."""

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    now: int = 1_700_000_000
    page_size: int = 3
    keys: dict[str, set[str]] = field(
        default_factory=lambda: {
            "FetchHashes": {f"{KEY}-fetch"},
            "SubmitHashes": {f"{KEY}-submit"},
            "SubmitFeedback": {f"{KEY}-feedback"},
        }
    )
    subscriptions: set[str] = field(default_factory=lambda: {f"{KEY}-subscription"})
    tokens: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    busy: int = 0

    def put(self, signal_type: str, value: str, status: str = "Active", **more: Any) -> None:
        self.now += 10
        self.records[signal_type, value] = {
            "lastModtimestamp": self.now,
            "signalType": signal_type,
            "hashValue": value,
            "hashStatus": status,
            "caseNumbers": {"0f5c": status},
            "CSPFeedbacks": [],
            **more,
        }

    def forget(self, signal_type: str, value: str) -> None:
        """What a deletion becomes after 30 days."""
        del self.records[signal_type, value]

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        function = asked.path.removeprefix("/v1/")
        if (
            asked.headers.get("x-functions-key") not in self.keys.get(function, ())
            or asked.headers.get("ocp-apim-subscription-key") not in self.subscriptions
        ):
            return Said(401, b"Access denied due to invalid key: " + str(asked.headers).encode())
        if self.busy:
            self.busy -= 1
            return Said(429, b"slow down", {"Retry-After": "3"})
        if function == "FetchHashes" and asked.method == "GET":
            return self._fetch(asked)
        if asked.method == "POST":
            return self._take(function, json.loads(asked.body))
        return Said(404)

    def _fetch(self, asked: Asked) -> Said:
        since, first = int(asked.query["startTimestamp"]), 0
        if token := asked.query.get("nextPageToken"):
            if token not in self.tokens:
                return Said(400, b'{"error": "the page token has expired"}')
            since, first = self.tokens.pop(token)
        found = sorted(
            (each for each in self.records.values() if each["lastModtimestamp"] >= since),
            key=lambda each: each["lastModtimestamp"],
        )
        records, rest = found[first : first + self.page_size], found[first + self.page_size :]
        token = f"token-{len(self.asked)}" if rest else None
        if token:
            self.tokens[token] = since, first + self.page_size
        return _json(
            {
                "count": len(records),
                "nextPageToken": token,
                # Where the next set begins, once all pages of this one have been read.
                "nextSetTimestamp": found[-1]["lastModtimestamp"] if found else since,
                "hasMoreRecords": bool(rest),
                "hashRecords": records,
            }
        )

    def _take(self, function: str, said: dict[str, Any]) -> Said:
        if function == "SubmitHashes":
            assert said["count"] == len(said["hashRecords"])
            for each in said["hashRecords"]:
                if each["signalType"] not in ("ImagePDQ", "VideoMD5", "VideoTMK", "Text", "URL"):
                    return Said(400, b'{"error": "signalType"}')
                feedback = [{**one, "source": "alice"} for one in each["CSPFeedbacks"]]
                self.put(each["signalType"], each["hashValue"], CSPFeedbacks=feedback)
            return _json({})
        assert said["count"] == len(said["hashFeedbacks"])
        for each in said["hashFeedbacks"]:
            for record in self.records.values():
                if record["hashValue"] == each["hashValue"]:
                    opinion = {"feedbackValue": each["feedbackValue"], "tags": each["tags"]}
                    record["CSPFeedbacks"].append({**opinion, "source": "alice"})
                    self.now += 10
                    record["lastModtimestamp"] = self.now
        return _json({})


def _json(values: object) -> Said:
    return Said(200, json.dumps(values).encode(), {"Content-Type": "application/json"})
