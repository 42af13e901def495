"""Discourse, by docs.discourse.org and the guardians of its source."""

from typing import Any

from server.removal.fakes.base import FakeHost, Reply, Request

BAD_KEY = Reply(
    403,
    {
        "errors": ["You are not permitted to view the requested resource."],
        "error_type": "invalid_access",
    },
)
NOT_FOUND = Reply(404, {"errors": ["The requested URL could not be found."]})


class FakeDiscourse(FakeHost):
    """A forum with one topic: post 200 is its first, 201 an answer with a picture."""

    kind = "discourse"
    item_id = "201"
    page = "/t/a-topic/30/2"

    def __init__(self) -> None:
        super().__init__()
        self.is_staff = True
        self.posts: dict[int, dict[str, Any]] = {
            200: {"id": 200, "topic_id": 30, "post_number": 1, "deleted_at": None},
            201: {"id": 201, "topic_id": 30, "post_number": 2, "deleted_at": None},
        }

    def is_shown(self) -> bool:
        return 201 in self.posts and not self.posts[201]["deleted_at"]

    def lose_rights(self) -> None:
        self.is_staff = False

    def forget(self) -> None:
        self.posts.clear()

    def too_many(self) -> Reply:
        seconds = self.seconds_to_wait
        data = {
            "errors": ["You've performed this action too many times."],
            "error_type": "rate_limit",
            "extras": {"wait_seconds": seconds, "time_left": "37 seconds"},
        }
        return Reply(429, data, {"Discourse-Rate-Limit-Error-Code": "admin_api_key_rate_limit"})

    def answer(self, request: Request) -> Reply:
        key, user = request.headers.get("api-key"), request.headers.get("api-username")
        if (key or user) and (key, user) != (self.secret[1], "system"):
            return BAD_KEY
        is_staff = key is not None and self.is_staff
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "posts", name):
                return self._show(_number(name), is_staff=is_staff)
            case ("DELETE", "posts", name):
                post = self.posts.get(_number(name))
                if post is None:
                    return NOT_FOUND
                # The first post goes with its topic only.
                if not is_staff or post["post_number"] == 1:
                    return BAD_KEY
                post["deleted_at"] = "2026-11-01T00:00:00Z"
                return Reply(200, raw=b"")
            case ("PUT", "posts", name, "recover.json"):
                return self._recover([self.posts.get(_number(name))], is_staff=is_staff)
            case ("DELETE", "t", "30.json"):
                first = self.posts[200]
                if not is_staff or first["deleted_at"]:
                    return BAD_KEY
                first["deleted_at"] = "2026-11-01T00:00:00Z"
                return Reply(200, raw=b"")
            case ("PUT", "t", "30", "recover.json"):
                return self._recover([self.posts[200]], is_staff=is_staff)
            case ("GET", "t", *_):
                return Reply(404 if self.posts[200]["deleted_at"] else 200, raw=b"<html>")
        return NOT_FOUND

    def _show(self, number: int, *, is_staff: bool) -> Reply:
        post = self.posts.get(number)
        if post is None or (post["deleted_at"] and not is_staff):
            return NOT_FOUND
        return Reply(200, post)

    @staticmethod
    def _recover(posts: list[dict[str, Any] | None], *, is_staff: bool) -> Reply:
        for post in posts:
            if post is None:
                return NOT_FOUND
            if not is_staff or not post["deleted_at"]:
                return BAD_KEY
            post["deleted_at"] = None
        return Reply(200, {})


def _number(name: str) -> int:
    return int(name.removesuffix(".json"))
