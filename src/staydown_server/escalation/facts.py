"""What a letter may state: what is on file, and nothing else."""

from collections.abc import Iterator
from email.utils import parseaddr

from django.conf import settings
from django.db.models import QuerySet

from staydown_server.escalation.letters import Facts, Words, fill
from staydown_server.escalation.models import (
    Addressee,
    AddressSighting,
    EscalatedAddress,
    EscalatedSite,
    OutgoingLetter,
    Reply,
)
from staydown_server.escalation.rules import rules

_State = OutgoingLetter.State
_LEFT = (_State.SENT, _State.DELIVERED, _State.BOUNCED)
_SAID_OF = {
    EscalatedAddress.State.SERVED: "seen_served",
    EscalatedAddress.State.ANSWERS: "seen_answers",
    EscalatedAddress.State.CHANGED: "seen_changed",
}


def facts_for(addressee: Addressee, words: Words) -> Facts:
    """What is on file for a letter to *addressee*, said with *words*; what is not is empty."""
    site, file = addressee.site, addressee.site.file
    content = file.case.notice.content or {}
    hosts = [each for each in _addressees(site) if each.role == Addressee.Role.HOST]
    asked = [each.asked_at for each in hosts if each.asked_at is not None]
    left = addresses_left(site)
    time = rules().time_for(addressee.role, file.laws)
    sender, reply_to = parseaddr(settings.ESCALATION_SENDER or settings.DEFAULT_FROM_EMAIL)
    is_named = file.names_person
    return {
        "case": file.case.number,
        "host": site.host,
        "domain": site.domain,
        "addressee": addressee.name,
        "hours": str(int(time.total_seconds() // 3600)),
        "addresses": tuple(each.url for each in left),
        "seen": tuple(_seen(left, words)),
        "digests": tuple(_digests(left, words)),
        "earlier": tuple(_earlier(addressee, words)),
        "received": words.date(file.case.notice.received_at),
        "person": str(content.get("signature", "")) if is_named else "",
        "represented": str(content.get("on_behalf_of", "")) if is_named else "",
        # A neutral sender of mails names nobody who could sign.
        "sender": sender if settings.ESCALATION_SENDER else "",
        "reply_to": reply_to,
        "good_faith": "yes" if content.get("good_faith") else "",
        "minor": "yes" if file.case.about_minor else "",
        "ip": ", ".join(_ip(addressee)),
        "network": _identifier(addressee, "network"),
        "asked_host": words.date(min(asked)) if asked else "",
        "unreachable_host": "" if any(each.contacts for each in hosts) else "yes",
        "host_refused": "yes" if any(each.refused_at for each in hosts) else "",
    }


def addresses_left(site: EscalatedSite) -> list[EscalatedAddress]:
    return list(site.escalatedaddress_set.exclude(state=EscalatedAddress.State.GONE))


def _addressees(site: EscalatedSite) -> QuerySet[Addressee]:
    return Addressee.objects.filter(site=site)


def _last_sighting(address: EscalatedAddress) -> AddressSighting | None:
    """The newest one that saw something."""
    seen = AddressSighting.objects.filter(address=address, state__in=_SAID_OF)
    return seen.order_by("-pk").first()


def _seen(left: list[EscalatedAddress], words: Words) -> Iterator[str]:
    told: set[str] = set()
    for address in left:
        sighting = _last_sighting(address)
        if sighting is None:
            continue
        values = {
            "url": address.url,
            "moment": words.moment(sighting.at),
            "status": str(sighting.content["status"]),
        }
        yield fill(words.lines[_SAID_OF[EscalatedAddress.State(sighting.state)]], values)
        certificate = sighting.content["certificate"]
        # One for the site is enough.
        if certificate and certificate["sha256"] not in told:
            told.add(certificate["sha256"])
            yield fill(
                words.lines["certificate"],
                {"url": address.url, "certificate": certificate["sha256"]},
            )


def _digests(left: list[EscalatedAddress], words: Words) -> Iterator[str]:
    for address in left:
        first = address.load_fingerprint()
        if first is None:
            continue
        if first.sha256:
            yield fill(words.lines["sha256"], {"url": address.url, "sha256": first.sha256})
        if first.pdq:
            yield fill(words.lines["pdq"], {"url": address.url, "pdq": first.pdq.hex()})


def _earlier(addressee: Addressee, words: Words) -> Iterator[str]:
    """What was written about the site before, each with what came of it."""
    written = OutgoingLetter.objects.filter(
        addressee__site=addressee.site, state__in=_LEFT, sent_at__isnull=False
    )
    for letter in written.select_related("addressee").order_by("sent_at", "pk"):
        assert letter.sent_at is not None  # noqa: S101  the query says so
        values = {
            "date": words.date(letter.sent_at),
            "name": letter.addressee.name,
            "role": words.roles[letter.addressee.role],
        }
        yield fill(words.lines[f"earlier_{_outcome(letter)}"], values)


def _outcome(letter: OutgoingLetter) -> str:
    if letter.addressee.refused_at is not None:
        return "refused"
    if letter.state == _State.BOUNCED:
        return "bounced"
    answers = Reply.objects.filter(addressee=letter.addressee)
    return "answered" if answers.exclude(kind=Reply.Kind.AUTOMATIC).exists() else "silent"


def _ip(addressee: Addressee) -> list[str]:
    """The addresses that this provider runs; of none of them, those of the site."""
    own = _identifier(addressee, "address")
    if own:
        return [own]
    return list((addressee.site.found or {}).get("addresses", ()))[:3]


def _identifier(addressee: Addressee, name: str) -> str:
    for each in (addressee.site.found or {}).get("providers", ()):
        if (each["role"], each["name"]) == (addressee.role, addressee.name):
            return str(each["identifiers"].get(name, ""))
    return ""
