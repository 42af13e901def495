"""One-time links."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from staydown_server.accounts.models import SignInLink, User
from staydown_server.accounts.sign_in import LINK_LIFETIME, LinkSpent, issue_link, use_link

pytestmark = pytest.mark.django_db


def test_a_link_signs_its_owner_in_once() -> None:
    """The second use is refused."""
    token = issue_link("bob@desk.example")

    assert use_link(token).email == "bob@desk.example"
    with pytest.raises(LinkSpent):
        use_link(token)


def test_an_expired_link_is_refused() -> None:
    """After a day it is nobody's."""
    token = issue_link("bob@desk.example")
    assert SignInLink.objects.get().expires_at <= timezone.now() + LINK_LIFETIME
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(LinkSpent):
        use_link(token)


def test_somebody_who_left_is_refused() -> None:
    """Their old link does not let them in, nor is it spent."""
    token = issue_link("bob@desk.example")
    User.objects.update(is_active=False)

    with pytest.raises(LinkSpent):
        use_link(token)


def test_an_invented_link_is_refused() -> None:
    """Mallory cannot guess one."""
    with pytest.raises(LinkSpent):
        use_link("mallory" * 5)


def test_one_address_is_one_account() -> None:
    """However it was typed: an appeal needs another moderator, not another spelling."""
    issue_link("bob@desk.example")
    issue_link("  bob@DESK.example ")
    issue_link("Bob@Desk.Example")

    assert User.objects.count() == 1


def test_the_token_is_not_in_the_table() -> None:
    """Only its digest."""
    token = issue_link("bob@desk.example")

    assert token.encode() not in bytes(SignInLink.objects.get().digest)


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_signs_in() -> None:
    """The other meets a spent link."""
    token = issue_link("bob@desk.example")
    together = threading.Barrier(4)
    outcomes = []

    def click() -> None:
        together.wait()
        try:
            outcomes.append(use_link(token).email)
        except LinkSpent:
            outcomes.append("spent")
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["bob@desk.example", "spent", "spent", "spent"]
