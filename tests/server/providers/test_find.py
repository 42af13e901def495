"""Who serves an address: found without touching it, once, politely, and told plainly if not."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from server.providers.fakes import Internet, Reply, entity, free_port
from staydown_server.providers import registry, servers
from staydown_server.providers.addresses import group
from staydown_server.providers.find import find
from staydown_server.providers.found import ByHand, Group, Provider, Reason, Role, Site, Step
from staydown_server.providers.models import Answer, Server


def grouped(url: str) -> Group:
    (only,), _ = group([url])
    return only


def provider(site: Site, role: Role) -> Provider:
    (only,) = [each for each in site.providers if each.role == role]
    return only


def mails(provider: Provider) -> list[str]:
    return [each.value for each in provider.contacts if each.channel == "email"]


def told(site: Site) -> set[tuple[str, str, str]]:
    return {(each.step, each.reason, each.by_hand) for each in site.troubles}


NO_CONTACT_OF_THE_SITE = (Step.CONTACT, Reason.NO_CONTACT, ByHand.LOOK_FOR_A_CONTACT)


def test_everybody_who_serves_a_site_is_found(internet: Internet) -> None:
    """Host, hosting, registrar, registry and mail, each with contacts and sources."""
    internet.site("www.stubborn.example")

    site = find(grouped("https://www.stubborn.example/p/1"))

    assert (site.host, site.domain) == ("www.stubborn.example", "stubborn.example")
    assert site.addresses == ("127.0.0.1",)
    hosting = provider(site, Role.HOSTING)
    assert (hosting.name, hosting.country) == ("Quick Hosting BV", "NL")
    assert hosting.identifiers == {
        "address": "127.0.0.1",
        "network": "127.0.0.0/24",
        "handle": "127.0.0.0 - 127.0.0.255",
        "holder": "Quick Hosting BV",
        "asn": "64500",
        "system": "QUICK-HOSTING, NL",
    }
    assert mails(hosting) == ["abuse@quick-hosting.example"]
    registrar = provider(site, Role.REGISTRAR)
    assert (registrar.name, registrar.identifiers["iana_id"]) == ("Name Shop Ltd", "9999")
    assert mails(registrar) == ["abuse@name-shop.example"]
    assert provider(site, Role.REGISTRY).name == ".example"
    assert provider(site, Role.MAIL).name == "mail-house.example"
    assert mails(provider(site, Role.HOST)) == ["abuse@stubborn.example"]
    assert told(site) == {NO_CONTACT_OF_THE_SITE}


def test_nothing_is_asked_of_the_site_itself(internet: Internet) -> None:
    """Only name servers and registries learn of it."""
    internet.site("stubborn.example")

    find(grouped("https://stubborn.example/p/1"))

    assert internet.host.requests == []


def test_each_answer_is_kept_with_its_time_and_source(internet: Internet) -> None:
    """Which a letter names; sealed, since it shows which sites are asked about."""
    internet.site("stubborn.example")
    before = timezone.now()

    site = find(grouped("https://stubborn.example/p/1"))

    answers = {each.pk: each for each in Answer.objects.all()}
    for one in site.providers:
        assert one.sources
        assert {each in answers for each in one.sources} == {True}
    hosting = [answers[pk] for pk in provider(site, Role.HOSTING).sources]
    assert {each.step for each in hosting} == {"dns", "rdap"}
    assert all(before <= each.at <= timezone.now() for each in hosting)
    rdap = next(each for each in hosting if each.step == "rdap")
    assert rdap.source == rdap.asked == f"{internet.rdap.url}/ip/127.0.0.1"
    assert rdap.answer["object"]["name"] == "QUICK-NET"
    contact = provider(site, Role.HOSTING).contacts[0]
    assert (contact.source, contact.purpose, contact.seen_at) == ("rdap", "abuse", rdap.at)
    with database.cursor() as cursor:
        cursor.execute("SELECT asked, answer, source FROM providers_answer")
        assert not any(b"stubborn" in bytes(value) for row in cursor for value in row)


def test_of_people_nothing_is_kept(internet: Internet) -> None:
    """A network's technician has no part in this."""
    internet.site("stubborn.example")

    find(grouped("https://stubborn.example/p/1"))

    kept = str([each.answer for each in Answer.objects.all()])
    assert "Abuse desk" in kept
    assert "Jane" not in kept


def test_a_question_is_asked_once(internet: Internet) -> None:
    """Until its answer is too old; and a second address of the host asks nothing anew."""
    internet.site("stubborn.example")
    first = find(grouped("https://stubborn.example/p/1"))
    asked = len(internet.rdap.requests), len(internet.dns.questions)

    again = find(grouped("https://stubborn.example/p/2"))
    assert (len(internet.rdap.requests), len(internet.dns.questions)) == asked
    assert again.providers == first.providers

    Answer.objects.update(at=timezone.now() - timedelta(days=8))
    find(grouped("https://stubborn.example/p/1"))
    assert len(internet.rdap.requests) == 2 * asked[0]
    assert Answer.objects.count() == 2 * asked[0] + 2 * asked[1]


def test_a_delivery_network_is_known_by_its_addresses(internet: Internet) -> None:
    """Who hosts the site behind it, only it can say."""
    internet.site("fast.example", address="104.16.0.5", prefix="104.16.0.0/13", asn="64501")
    internet.rdap.network("104.16.0.5", prefix="104.16.0.0/13", mail="abuse@cloudflare.com")

    site = find(grouped("https://fast.example/p/1"))

    cdn = provider(site, Role.CDN)
    assert cdn.name == "Cloudflare"
    # The form that it wants to be told by comes before what the registry has.
    assert [(each.channel, each.purpose) for each in cdn.contacts] == [
        ("form", "ncii"),
        ("email", "abuse"),
    ]
    assert (Step.NETWORK, Reason.BEHIND_CDN, ByHand.ASK_THE_CDN) in told(site)
    assert not [each for each in site.providers if each.role == Role.HOSTING]


def test_a_delivery_network_is_known_by_the_name_that_a_site_points_at(
    internet: Internet,
) -> None:
    """A name that is an alias for one of its own."""
    internet.site("d1.cloudfront.net", asn="16509")
    internet.site("fast.example", asn="16509")
    internet.dns.add("www.fast.example", "CNAME", "d1.cloudfront.net.")

    site = find(grouped("https://www.fast.example/p/1"))

    assert provider(site, Role.CDN).name == "Amazon CloudFront"


def test_an_ip_address_has_neither_registrar_nor_mail(internet: Internet) -> None:
    """But a network."""
    internet.site("stubborn.example")

    site = find(grouped(f"http://127.0.0.1:{internet.host.port}/p"))

    assert {each.role for each in site.providers} == {Role.HOST, Role.HOSTING}


def test_ipv6_alone_is_enough(internet: Internet) -> None:
    """Asked for in another zone, and another part of the bootstrap."""
    internet.site("six.example", address="2a01:4f8::5", prefix="2a01:4f8::/32")
    internet.dns.records[("six.example", "AAAA")] = internet.dns.records.pop(("six.example", "A"))

    site = find(grouped("https://six.example/"))

    hosting = provider(site, Role.HOSTING)
    assert (hosting.identifiers["network"], hosting.identifiers["asn"]) == (
        "2a01:4f8::/32",
        "64500",
    )


def test_an_answer_that_does_not_fit_comes_over_tcp(internet: Internet) -> None:
    """As the DNS has it."""
    internet.site("stubborn.example")
    internet.dns.is_long = True

    site = find(grouped("https://stubborn.example/"))

    assert site.addresses == ("127.0.0.1",)
    assert ("stubborn.example A", "tcp") in internet.dns.questions


# --- bad input: each is told, with what to do by hand ---


def test_a_name_that_does_not_exist(internet: Internet) -> None:
    """Its registrar is found all the same, if there is one."""
    internet.rdap.domain("gone.example")

    site = find(grouped("https://www.gone.example/p"))

    assert site.addresses == ()
    assert (Step.DNS, Reason.NO_SUCH_NAME, ByHand.CORRECT_THE_ADDRESS) in told(site)
    assert provider(site, Role.REGISTRAR).name == "Name Shop Ltd"


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.1", "169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_a_name_that_leads_to_a_private_network(internet: Internet, address: str) -> None:
    """Nobody is asked about it."""
    internet.site("inside.example", address=address)

    site = find(grouped("https://inside.example/p"))

    assert site.addresses == ()
    assert (Step.DNS, Reason.PRIVATE_NETWORK, ByHand.LEAVE_IT_OUT) in told(site)
    assert not [path for path in internet.rdap.requests if path.startswith("/ip/")]


def test_name_servers_that_fail(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again later: nothing of it is kept."""
    monkeypatch.setattr("staydown_server.providers.names.LIFETIME_SECONDS", 0.2)
    internet.site("broken.example")
    internet.site("silent.example")
    internet.dns.broken.add("broken.example")
    internet.dns.silent.add("silent.example")

    broken = find(grouped("https://broken.example/"))
    silent = find(grouped("https://silent.example/"))

    assert (Step.DNS, Reason.UNREACHABLE, ByHand.ASK_LATER) in told(broken)
    assert (Step.DNS, Reason.TIMEOUT, ByHand.ASK_LATER) in told(silent)
    internet.dns.reset()
    internet.site("broken.example")
    assert find(grouped("https://broken.example/")).addresses == ("127.0.0.1",)


def test_a_host_without_any_contact(internet: Internet) -> None:
    """Is told for each whom it concerns, and the providers are named all the same."""
    internet.site("mute.example", takes_mail=False)
    internet.rdap.network("127.0.0.1", prefix="127.0.0.0/24", mail="")
    internet.rdap.domain("mute.example", mail="")

    site = find(grouped("https://mute.example/"))

    assert all(each.contacts == () for each in site.providers)
    without = {(each.about, each.by_hand) for each in site.troubles if each.step == Step.CONTACT}
    assert without == {
        ("mute.example", ByHand.LOOK_FOR_A_CONTACT),
        ("Quick Hosting BV", ByHand.LOOK_FOR_A_CONTACT),
        ("mute.example", ByHand.LOOK_UP_THE_DOMAIN),
    }
    assert provider(site, Role.REGISTRAR).name == "Name Shop Ltd"


def test_a_registrar_says_itself_what_the_registry_leaves_out(internet: Internet) -> None:
    """Thin registries link to it."""
    internet.site("thin.example")
    theirs = f"{internet.rdap.url}/shop/domain/thin.example"
    link = {"rel": "related", "type": "application/rdap+json", "href": theirs}
    internet.rdap.domain("thin.example", mail="", links=[link])
    desk = entity("", ["abuse"], name="Abuse", mail="abuse@name-shop.example")
    shop = entity("9999", ["registrar"], name="Name Shop Ltd", entities=[desk])
    internet.rdap.put("shop/domain/thin.example", {"objectClassName": "domain", "entities": [shop]})

    registrar = provider(find(grouped("https://thin.example/")), Role.REGISTRAR)

    assert mails(registrar) == ["abuse@name-shop.example"]
    assert len(registrar.sources) == 2


def test_a_registrar_without_a_contact_for_abuse_is_told_at_its_own(internet: Internet) -> None:
    """As registries of countries have it."""
    internet.site("land.example")
    shop = entity("reg42", ["registrar"], name="Shop AS", mail="post@shop.example", kind="org")
    internet.rdap.put("domain/land.example", {"objectClassName": "domain", "entities": [shop]})

    site = find(grouped("https://land.example/"))

    (contact,) = provider(site, Role.REGISTRAR).contacts
    assert (contact.value, contact.purpose) == ("post@shop.example", "general")
    assert told(site) == {NO_CONTACT_OF_THE_SITE}


def test_whoever_is_there_for_abuse_alone_comes_first(internet: Internet) -> None:
    """ARIN names a network's technicians for it, too."""
    internet.site("stubborn.example")
    desk = entity("D", ["abuse"], name="Abuse", mail="abuse@quick.example", kind="group")
    all_at_once = ["abuse", "noc", "technical"]
    internet.rdap.put(
        "ip/127.0.0.1",
        {
            "objectClassName": "ip network",
            "handle": "NET-1",
            "entities": [
                entity("T", all_at_once, name="Tech", mail="noc@quick.example", kind="group"),
                entity("Q", ["registrant"], name="Quick", kind="org", entities=[desk]),
            ],
        },
    )

    hosting = provider(find(grouped("https://stubborn.example/")), Role.HOSTING)

    assert mails(hosting) == ["abuse@quick.example", "noc@quick.example"]


def test_a_registry_that_is_asked_too_often_is_left_alone(internet: Internet) -> None:
    """For as long as it says, by everybody here; and then it is asked again."""
    internet.site("stubborn.example")
    path = "/ip/127.0.0.1"
    answer = internet.rdap.replies.pop(path)
    internet.rdap.replies[path] = Reply(429, {"Retry-After": "3600"})

    for _ in range(2):
        site = find(grouped("https://stubborn.example/"))
        assert (Step.NETWORK, Reason.RATE_LIMITED, ByHand.ASK_LATER) in told(site)
    # Nobody asked it after that, not for the domain either.
    assert internet.rdap.requests[-1] == path
    assert internet.rdap.requests.count(path) == 1
    rest = Server.objects.get().free_at - timezone.now()
    assert timedelta(minutes=59) < rest <= timedelta(hours=1)

    Server.objects.update(free_at=timezone.now())
    internet.rdap.replies[path] = answer
    site = find(grouped("https://stubborn.example/"))
    assert told(site) == {NO_CONTACT_OF_THE_SITE}
    # The system of the address is known even while the network is not.
    assert provider(site, Role.HOSTING).identifiers["asn"] == "64500"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(503, {"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}), Reason.UNREACHABLE),
        (Reply(500), Reason.UNREACHABLE),
        (Reply(404), Reason.NOT_FOUND),
        (Reply(400), Reason.WRONG_ANSWER),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>Welcome"), Reason.WRONG_ANSWER),
        (Reply(200, {}, b"[]"), Reason.WRONG_ANSWER),
        (Reply(200, {}, b'{"objectClassName": "domain"}'), Reason.WRONG_ANSWER),
        (Reply(200, {}, b"[" * 100_000), Reason.WRONG_ANSWER),
        (Reply(200, {}, b"\xff\xfe"), Reason.WRONG_ANSWER),
        (Reply(200, {}, b"x" * (registry.LARGEST_ANSWER + 1)), Reason.TOO_LARGE),
        (Reply(200, delay=1.0), Reason.TIMEOUT),
        (Reply(302, {"Location": "http://10.0.0.1/ip/127.0.0.1"}), Reason.PRIVATE_NETWORK),
        (Reply(302, {"Location": "/ip/127.0.0.1"}), Reason.REDIRECTS),
        (Reply(302, {"Location": "file:///etc/passwd"}), Reason.NOT_HTTP),
    ],
)
def test_a_registry_that_answers_wrongly_or_not_at_all(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, reply: Reply, reason: Reason
) -> None:
    """The rest is found: the system of the address, the registrar."""
    monkeypatch.setattr("staydown_server.catalogue.connection.READ_SECONDS", 0.2)
    internet.site("stubborn.example")
    internet.rdap.replies["/ip/127.0.0.1"] = reply

    site = find(grouped("https://stubborn.example/"))

    assert (Step.NETWORK, reason, ByHand.LOOK_UP_THE_NETWORK) in told(site)
    hosting = provider(site, Role.HOSTING)
    assert (hosting.name, hosting.contacts) == ("QUICK-HOSTING, NL", ())
    assert provider(site, Role.REGISTRAR).name == "Name Shop Ltd"


def test_registries_that_are_down(internet: Internet, settings: Any) -> None:
    """Told once for the network and once for the domain."""
    internet.site("stubborn.example")
    settings.RDAP_BOOTSTRAP = f"http://127.0.0.1:{free_port()}/"

    site = find(grouped("https://stubborn.example/"))

    assert (Step.NETWORK, Reason.UNREACHABLE, ByHand.LOOK_UP_THE_NETWORK) in told(site)
    assert (Step.DOMAIN, Reason.UNREACHABLE, ByHand.LOOK_UP_THE_DOMAIN) in told(site)
    assert not Answer.objects.filter(step="rdap").exists()


def test_a_country_without_rdap(internet: Internet) -> None:
    """Its registry has a web page."""
    internet.site("site.zz")

    site = find(grouped("https://site.zz/"))

    assert (Step.DOMAIN, Reason.NO_SERVER, ByHand.LOOK_UP_THE_DOMAIN) in told(site)


def test_facts_come_over_tls_alone(internet: Internet, settings: Any) -> None:
    """On the way anybody could name themselves as the contact."""
    internet.site("stubborn.example")
    settings.RDAP_BOOTSTRAP = "https://data.example/"
    Answer.objects.create(
        step="rdap",
        asked="https://data.example/ipv4.json",
        answer={"status": 200, "object": {"services": [[["0.0.0.0/0"], [internet.rdap.url]]]}},
        source="https://data.example/ipv4.json",
        at=timezone.now(),
    )

    site = find(grouped("https://stubborn.example/"))

    assert (Step.NETWORK, Reason.NO_SERVER, ByHand.LOOK_UP_THE_NETWORK) in told(site)
    assert internet.rdap.requests == []


def test_the_longest_match_says_which_registry(internet: Internet) -> None:
    """RFC 9224: a part of a network may be another registry's."""
    internet.site("stubborn.example")
    here, there = [f"{internet.rdap.url}/"], [f"{internet.rdap.url}/other"]
    internet.rdap.serve("ipv4.json", [[["0.0.0.0/0"], here], [["127.0.0.0/8", "x"], there], "?"])
    thing = internet.rdap.replies.pop("/ip/127.0.0.1")
    internet.rdap.replies["/other/ip/127.0.0.1"] = thing

    assert provider(find(grouped("https://stubborn.example/")), Role.HOSTING).contacts


def test_a_redirect_to_the_registry_in_charge_is_followed(internet: Internet) -> None:
    """RFC 7480: as ARIN does; the source is who answered."""
    internet.site("stubborn.example")
    thing = internet.rdap.replies.pop("/ip/127.0.0.1")
    internet.rdap.replies["/ip/127.0.0.1"] = Reply(301, {"Location": "/ripe/ip/127.0.0.1"})
    internet.rdap.replies["/ripe/ip/127.0.0.1"] = thing

    hosting = provider(find(grouped("https://stubborn.example/")), Role.HOSTING)

    assert mails(hosting) == ["abuse@quick-hosting.example"]
    sources = {each.source for each in Answer.objects.filter(pk__in=hosting.sources)}
    assert f"{internet.rdap.url}/ripe/ip/127.0.0.1" in sources


def test_one_request_at_a_time_and_a_pause(internet: Internet, settings: Any) -> None:
    """A registry is not hurried."""
    settings.LOOKUP_PAUSE_SECONDS = 0.3
    internet.site("stubborn.example")
    find(grouped("https://stubborn.example/"))
    began = timezone.now()

    with servers.turn_at(internet.rdap.url.removeprefix("http://")):
        waited = timezone.now() - began
    assert waited > timedelta(seconds=0.2)


def test_a_clock_that_stands_still_holds_nobody(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or is moved: pauses are counted by what passes, and rests end when the time has come."""
    internet.site("stubborn.example")
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    thing = internet.rdap.replies.pop("/ip/127.0.0.1")
    internet.rdap.replies["/ip/127.0.0.1"] = Reply(429, {"Retry-After": "3600"})
    assert provider(find(grouped("https://stubborn.example/")), Role.HOSTING).contacts == ()

    internet.rdap.replies["/ip/127.0.0.1"] = thing
    later = now + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)

    assert told(find(grouped("https://stubborn.example/"))) == {NO_CONTACT_OF_THE_SITE}


def test_nobody_waits_for_long(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process asks, or after it was killed: it is told that the server is busy."""
    monkeypatch.setattr(servers, "PATIENCE", timedelta(seconds=0.2))
    internet.site("stubborn.example")

    with servers.turn_at(internet.rdap.url.removeprefix("http://")):
        site = find(grouped("https://stubborn.example/"))

    assert (Step.NETWORK, Reason.RATE_LIMITED, ByHand.ASK_LATER) in told(site)
    assert internet.rdap.requests == []
    assert not told(find(grouped("https://stubborn.example/"))) - {NO_CONTACT_OF_THE_SITE}


@pytest.mark.django_db(transaction=True)
def test_two_threads_take_turns(settings: Any) -> None:
    """Never both."""
    settings.LOOKUP_PAUSE_SECONDS = 0.001
    inside: list[int] = []
    most: list[int] = []

    def take() -> None:
        for _ in range(3):
            with servers.turn_at("rdap.example"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
        database.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 6
