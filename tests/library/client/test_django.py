"""What the Django module does beside what the sample site shows: models, settings, signals."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_delete, post_save
from django.test import RequestFactory

from library.client.forum import Forum, picture
from staydown.client import Item, Overtaken, UnknownItem
from staydown.client import django as site
from story.world import Server


@pytest.fixture
def configured(
    settings: Any, server: Server, credentials: dict[str, str], forum: Forum, tmp_path: Path
) -> Iterator[Callable[..., None]]:
    """Set the site's settings; call it with changes."""

    def configure(**changes: Any) -> None:
        known = {"url": server.url, **credentials, "spool": tmp_path / "spool"}
        settings.STAYDOWN = {**known, "webhook_url": forum.webhook_url, **changes}
        forget()

    def forget() -> None:
        if site.client.cache_info().currsize:
            site.client().close()
        site.client.cache_clear()

    configure()
    yield configure
    forget()


@pytest.mark.django_db
def test_a_model_is_followed(
    configured: Any,
    server: Server,
    forum: Forum,
    kept_down: bytes,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """Registered when it is saved, forgotten when it is deleted or no longer shown."""
    files = {"hills": picture(41), "bad": kept_down}
    late: list[tuple[str, str]] = []

    def hear(entry: Any, verdict: Any, **_: Any) -> None:
        late.append((entry.name, verdict.answer))

    def describe(group: Group) -> Item:
        return Item(f"g{group.pk}", f"{forum.url}/p/g{group.pk}", file=files.get(group.name))

    def is_there(group_id: int) -> list[Any]:
        query = "SELECT gone_at IS NULL FROM catalogue_item WHERE host_item_id = ?"
        return server.rows(query, f"g{group_id}")

    def committed() -> Any:
        return django_capture_on_commit_callbacks(execute=True)

    site.follow(Group, describe, is_shown=lambda group: group.name in files)
    site.late_verdict.connect(hear)
    try:
        with committed():
            group = Group.objects.create(name="hills")
            assert is_there(group.pk) == [], "not before it is committed"
        assert is_there(group.pk) == [(1,)]
        group_id = group.pk
        with committed():
            bad = Group.objects.create(name="bad")
        assert late == [(f"g{bad.pk}", "block")]
        with committed():
            group.delete()
        assert is_there(group_id) == [(0,)]
        with committed():
            bad.name = "hidden"
            bad.save()
        assert is_there(bad.pk) == [(0,)]
    finally:
        for signal, what in ((post_save, "saved"), (post_delete, "deleted")):
            signal.disconnect(sender=Group, dispatch_uid=f"staydown auth.Group {what}")
        site.late_verdict.disconnect(hear)


def test_following_needs_a_spool(configured: Any) -> None:
    configured(spool=None)
    with pytest.raises(ImproperlyConfigured, match="spool"):
        site.follow(Group, lambda group: Item("", ""))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"colour": "blue"}, "colour"), ({"when_unreachable": "no"}, "hold")],
)
def test_wrong_settings_are_said(configured: Any, wrong: Any, sentence: str) -> None:
    configured(**wrong)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        site.client()


def test_the_webhook_answers_for_its_receivers(
    configured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """501 while nobody listens: Staydown must not take it for done."""
    monkeypatch.setattr(site.client(), "read_event", lambda **_: {"event": "item.remove"})
    request = RequestFactory().post("/", b"{}", content_type="application/json")
    assert site.webhook(request).status_code == 501

    for fault, status in ((UnknownItem, 404), (Overtaken, 409)):

        def obey(fault: type[Exception] = fault, **_: Any) -> None:
            raise fault

        site.item_remove.connect(obey)
        try:
            assert site.webhook(request).status_code == status
        finally:
            site.item_remove.disconnect(obey)

    configured(webhook_url="")
    with pytest.raises(ImproperlyConfigured, match="webhook_url"):
        site.webhook(request)
