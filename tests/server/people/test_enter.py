"""Two things are needed to come in, and guessing either is hopeless."""

from typing import Any

import pytest

from server.people.device import PASSWORD, Device, app_code, enrolled
from server.story import somebody
from staydown_server import audit
from staydown_server.accounts.models import Authenticator, RecoveryCode, Role, User
from staydown_server.accounts.sign_in import LinkSpent
from staydown_server.audit.agreement import disagreements
from staydown_server.audit.models import Entry
from staydown_server.people import codes, enrol, enter, passkeys, roles
from staydown_server.people.invite import invite

pytestmark = pytest.mark.django_db

BOB = "bob@desk.example"


@pytest.fixture(autouse=True)
def at_another_time(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Codes of one step after the other, without waiting; and nobody tried anything before."""
    clock = [1_800_000_000.0]
    monkeypatch.setattr("staydown_server.people.codes.time.time", lambda: clock[0])
    for name in ("tries_of_callers", "tries_for_accounts"):
        pace = getattr(enter, name)
        monkeypatch.setattr(pace, "_buckets", type(pace._buckets)())

    def passes(seconds: float) -> None:
        clock[0] += seconds

    return passes


def enters(code: str, password: str = PASSWORD, email: str = BOB) -> User:
    return enter.with_code(email, password, code, caller="198.51.100.7")


def test_a_password_and_a_code_open_the_desk(at_another_time: Any) -> None:
    """On record, and with the code of a phone whose clock is half a minute off."""
    bob, secret, _ = enrolled(BOB)
    for seconds in (31, 60):
        at_another_time(seconds)
        assert enters(app_code(secret, seconds=29)) == bob
    assert Entry.objects.filter(action="user.signed_in", subject=str(bob)).count() == 2


@pytest.mark.parametrize("wrong", ["password", "code", "email", "none"])
def test_one_of_the_two_is_not_enough(at_another_time: Any, wrong: str) -> None:
    """And which one was wrong, nobody is told."""
    bob, secret, _ = enrolled(BOB)
    at_another_time(31)
    given = {"code": app_code(secret), "password": PASSWORD, "email": BOB}
    given |= {"password": {"password": "another long password"}, "code": {"code": "000000"}}.get(
        wrong, {}
    )
    given |= {"email": "mallory@desk.example"} if wrong == "email" else {}
    if wrong == "none":
        roles.shut_out(bob, by=somebody("ada@desk.example", Role.ADMINISTRATOR))

    with pytest.raises(enter.WrongSignIn) as caught:
        enters(**given)

    assert str(caught.value) == ""


def test_a_code_signs_in_once(at_another_time: Any) -> None:
    """Whoever looked over Bob's shoulder has nothing; nor has one an older code."""
    _, secret, _ = enrolled(BOB)
    at_another_time(31)
    seen = app_code(secret)
    enters(seen)

    with pytest.raises(enter.WrongSignIn):
        enters(seen)
    at_another_time(120)
    with pytest.raises(enter.WrongSignIn):
        enters(seen)


def test_kept_codes_replace_a_lost_app_once_each() -> None:
    """However they are typed; and only with the password."""
    _, _, kept = enrolled(BOB)
    assert len(set(kept)) == codes.RECOVERY_CODES

    enters(kept[0].lower().replace("-", " "))

    for again in (kept[0], "AAAAA-AAAAA", ""):
        with pytest.raises(enter.WrongSignIn):
            enters(again)
    with pytest.raises(enter.WrongSignIn):
        enters(kept[1], password="another long password")
    assert all(
        code.encode() not in bytes(row.digest)
        for code in kept
        for row in RecoveryCode.objects.all()
    )


def test_guessing_is_slowed_down_and_bob_gets_in_all_the_same(at_another_time: Any) -> None:
    """With the turn that he is given: a stranger keeps him out for a minute at most."""
    bob, secret, _ = enrolled(BOB)
    for _ in range(10):
        with pytest.raises(enter.WrongSignIn):
            enters("000000")
    at_another_time(31)
    with pytest.raises(enter.TooManyTries) as caught:
        enters(app_code(secret))
    assert Entry.objects.filter(action="user.slowed_down", subject=str(bob)).count() == 1
    with pytest.raises(enter.TooManyTries):
        enter.with_code(BOB, PASSWORD, app_code(secret), caller="203.0.113.9")

    turn = caught.value.wait.turn
    with pytest.MonkeyPatch.context() as later:
        now = __import__("time").time() + caught.value.wait.seconds
        later.setattr("staydown_server.accounts.pace.time.time", lambda: now)
        found = enter.with_code(BOB, PASSWORD, app_code(secret), caller="203.0.113.9", turn=turn)

    assert found == bob


def test_a_stranger_is_slowed_down_as_bob_is() -> None:
    """So that nobody learns who works here."""
    for _ in range(10):
        with pytest.raises(enter.WrongSignIn):
            enters("000000", email="nobody@desk.example")

    with pytest.raises(enter.TooManyTries):
        enters("000000", email="nobody@desk.example")


def test_a_passkey_is_enough() -> None:
    """It checks who holds it."""
    device = Device()
    token = invite(BOB, by="operator")
    question, state = passkeys.ask_for_new(User.objects.get())
    enrol.enrol_with_passkey(
        token, passkeys.read_new(state, device.makes(question)), name="work laptop"
    )

    question, state = passkeys.ask_for_any()
    found = enter.with_passkey(state, device.answers(question), caller="198.51.100.7")

    assert found.email == BOB
    assert Entry.objects.get(action="user.signed_in").facts["kind"] == "passkey"


@pytest.mark.parametrize(
    "flaw", ["challenge", "origin", "unverified", "unknown", "rubbish", "none"]
)
def test_another_answer_is_refused(flaw: str) -> None:
    """One of another question, another site, of somebody who only found the device, or none."""
    device = Device()
    token = invite(BOB, by="operator")
    question, state = passkeys.ask_for_new(User.objects.get())
    enrol.enrol_with_passkey(token, passkeys.read_new(state, device.makes(question)), name="")
    question, state = passkeys.ask_for_any()
    other, _ = passkeys.ask_for_any()
    stranger = Device()
    answer: Any = {
        "challenge": lambda: device.answers(other),
        "origin": lambda: device.answers(question, origin="https://desk.example.evil.example"),
        "unverified": lambda: device.answers(question, is_verified=False),
        "unknown": lambda: stranger.answers(question),
        "rubbish": lambda: {"id": "AAAA", "response": []},
        "none": lambda: None,
    }[flaw]()

    with pytest.raises(enter.WrongSignIn):
        enter.with_passkey(state, answer, caller="198.51.100.7")
    with pytest.raises(enter.WrongSignIn):
        enter.with_passkey(None, device.answers(question), caller="198.51.100.7")


def test_enrolling_needs_the_apps_code_and_a_good_password() -> None:
    """And leaves the invitation as good as before."""
    token = invite(BOB, by="operator")
    secret = codes.new_secret()
    for password, code, error in (
        ("short", app_code(secret), enrol.WeakPassword),
        ("bob@desk.example", app_code(secret), enrol.WeakPassword),
        ("passwordpassword", "000000", enrol.WrongCode),
        (PASSWORD, app_code(codes.new_secret()), enrol.WrongCode),
    ):
        with pytest.raises(error):
            enrol.enrol_with_code(token, password=password, secret=secret, code=code)

    enrol.enrol_with_code(token, password=PASSWORD, secret=secret, code=app_code(secret))

    with pytest.raises(LinkSpent):
        enrol.enrol_with_code(token, password=PASSWORD, secret=secret, code=app_code(secret))


def test_whoever_is_invited_anew_begins_anew() -> None:
    """What was lost opens nothing any more."""
    bob, lost, kept = enrolled(BOB)
    before = bob.get_session_auth_hash()

    bob, _, _ = enrolled(BOB)

    assert bob.get_session_auth_hash() != before, "sessions end"
    for code in (app_code(lost), kept[0]):
        with pytest.raises(enter.WrongSignIn):
            enters(code)
    assert Authenticator.objects.count() == 1


def test_the_last_authenticator_stays() -> None:
    """Of two, one can go."""
    bob, _, _ = enrolled(BOB)
    with pytest.raises(enrol.LastAuthenticator):
        enrol.remove(Authenticator.objects.get())
    question, state = passkeys.ask_for_new(bob)
    made = passkeys.read_new(state, Device().makes(question))
    enrol.add_passkey(bob, made, name="key")
    with pytest.raises(enrol.KnownPasskey):
        enrol.add_passkey(bob, made, name="the same")

    enrol.remove(Authenticator.objects.get(kind="code"))

    assert [each.kind for each in Authenticator.objects.all()] == ["passkey"]
    assert not RecoveryCode.objects.exists()


def test_the_last_administrator_stays() -> None:
    """Or nobody could invite anybody."""
    ada = somebody("ada@desk.example", Role.ADMINISTRATOR)
    for act in (
        lambda: roles.shut_out(ada, by=ada),
        lambda: roles.give_role(ada, Role.SENIOR, by=ada),
    ):
        with pytest.raises(roles.LastAdministrator):
            act()
    bob = somebody(BOB)

    roles.give_role(bob, Role.ADMINISTRATOR, by=ada)
    roles.shut_out(ada, by=bob)

    assert not User.objects.get(pk=ada.pk).may_read


def test_mallory_who_writes_to_the_tables_is_found() -> None:
    """A role, a password or a passkey that nobody gave."""
    bob, _, _ = enrolled(BOB)
    assert audit.verify().is_whole
    assert list(disagreements()) == []
    User.objects.update(role="administrator", password="x")
    made = Authenticator.objects.create(
        user=bob, kind="passkey", content={}, credential_id=b"mallory"
    )

    named = sorted(each.split(" ")[0] for each in disagreements())
    assert named == [f"authenticator:{made.pk}", f"user:{bob.pk}"]
