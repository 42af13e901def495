"""Invitations: links that work once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from staydown_server.accounts.models import Role, SignInLink, User
from staydown_server.accounts.sign_in import LINK_LIFETIME, LinkSpent, use_link, user_of_link
from staydown_server.audit.models import Entry
from staydown_server.people.invite import invite

pytestmark = pytest.mark.django_db

BOB = "bob@desk.example"


def test_a_link_is_good_once() -> None:
    """Looking whose it is does not spend it."""
    token = invite(BOB, by="operator")

    assert user_of_link(token).email == BOB
    assert use_link(token).email == BOB
    for ask in (use_link, user_of_link):
        with pytest.raises(LinkSpent):
            ask(token)


def test_an_expired_link_is_refused() -> None:
    """After a day it is nobody's."""
    token = invite(BOB, by="operator")
    assert SignInLink.objects.get().expires_at <= timezone.now() + LINK_LIFETIME
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(LinkSpent):
        use_link(token)


def test_somebody_who_left_is_refused() -> None:
    """Their old link does not let them in, nor is it spent."""
    token = invite(BOB, by="operator")
    User.objects.update(is_active=False)

    with pytest.raises(LinkSpent):
        use_link(token)


def test_an_invented_link_is_refused() -> None:
    """Mallory cannot guess one."""
    with pytest.raises(LinkSpent):
        use_link("mallory" * 5)


def test_a_new_link_ends_the_one_before() -> None:
    """One that was lost on its way lets nobody in."""
    lost = invite(BOB, by="operator")
    invite(BOB, by="operator")

    with pytest.raises(LinkSpent):
        use_link(lost)


def test_one_address_is_one_account() -> None:
    """However it was typed: an appeal needs another moderator, not another spelling."""
    for email in (BOB, "  bob@DESK.example ", "Bob@Desk.Example"):
        invite(email, by="operator")

    assert User.objects.count() == 1


def test_the_first_of_all_is_an_administrator() -> None:
    """Somebody has to invite the next one; roles that were given stay."""
    for email in ("ada@desk.example", BOB):
        invite(email, by="operator")
    invite("eve@desk.example", role=Role.AUDITOR, by="operator")
    invite("eve@desk.example", by="operator")

    roles = dict(User.objects.values_list("email", "role"))
    assert roles == {
        "ada@desk.example": "administrator",
        BOB: "moderator",
        "eve@desk.example": "auditor",
    }
    assert Entry.objects.filter(action="user.invited").count() == 4


def test_the_token_is_not_in_the_table() -> None:
    """Only its digest."""
    token = invite(BOB, by="operator")

    assert token.encode() not in bytes(SignInLink.objects.get().digest)
    assert token not in str(list(Entry.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_counts() -> None:
    """The other meets a spent link."""
    token = invite(BOB, by="operator")
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

    assert sorted(outcomes) == [BOB, "spent", "spent", "spent"]
