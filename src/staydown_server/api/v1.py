"""The API, version 1: every endpoint parses, calls one step, and answers."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import translation
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer

from staydown_server.accounts.hosts import host_of_key
from staydown_server.accounts.models import Host
from staydown_server.accounts.pace import wrong_codes_of_hosts
from staydown_server.api import bodies, bulk, contract, shapes
from staydown_server.api.problems import Problem, problem
from staydown_server.api.question import question
from staydown_server.cases.models import Case
from staydown_server.catalogue import register
from staydown_server.gate import check as gate
from staydown_server.gate import later
from staydown_server.gate.admit import Wanted, admit
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import LaterCheck
from staydown_server.gate.once import AskedSomethingElse, once
from staydown_server.notices.receive import AlreadyUsed, new_submission, notice_of, receive
from staydown_server.notices.report import Incomplete, Kind, Report, TooLong, TooMany
from staydown_server.review import status
from staydown_server.sharing import feedback, serve
from staydown_server.sharing.models import Audience, Partner, Verdict


class Key(HttpBearer):
    """A host's bearer key that may do *scope*. Wrong, revoked and too narrow look the same."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self._scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Host | None:
        return host_of_key(token, scope=self._scope)


class ReaderKey(HttpBearer):
    """A partner's bearer key, which opens one list."""

    def authenticate(self, _request: HttpRequest, token: str) -> Partner | None:
        return serve.reader_of_key(token)


api = NinjaAPI(
    title="Staydown",
    version="1",
    description="Check uploads, register what you host, pass notices on. Errors are RFC 9457 "
    "problem documents.",
    docs_url=None,
    urls_namespace="api",
)


@api.exception_handler(Problem)
def _on_problem(_request: HttpRequest, error: Problem) -> HttpResponse:
    return problem(error.status, error.code, error.detail, **error.more)


@api.exception_handler(AuthenticationError)
def _on_stranger(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem(401, "unauthorised", "Send a valid API key that may do this.")


@api.exception_handler(ValidationError)
def _on_invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [".".join(str(part) for part in fault["loc"]) for fault in error.errors]
    return problem(422, "bad-field", "A field has a wrong value: " + ", ".join(fields) + ".")


def _host(request: HttpRequest) -> Host:
    host = getattr(request, "auth", None)
    assert isinstance(host, Host)  # noqa: S101  every endpoint below has a Key
    return host


@api.post("/check", auth=Key("check"), openapi_extra=contract.CHECK, summary="Check an upload")
def check(request: HttpRequest) -> HttpResponse:
    """Ask the gate whether an upload may be shown: send the file, its address, or its
    fingerprints. With ``Prefer: respond-async`` a film is checked later, and the webhook told."""
    host, asked = _host(request), question(request)
    reference = bodies.text(asked.told, "reference", limit=200)
    uploader = bodies.text(asked.told, "uploader", limit=200)

    def answer() -> dict[str, Any]:
        if "respond-async" in request.headers.get("Prefer", "") and asked.is_long:
            named = {"reference": reference, "uploader": uploader}
            return later.ask_later(host, **named, file=asked.file, url=asked.url).to_dict()
        fingerprints, read_file = asked.fingerprints(host)
        upload = Upload(reference=reference, uploader=uploader, read_file=read_file)
        return gate.check(*fingerprints, host=host, upload=upload).to_dict()

    key = bodies.idempotency_key(request)
    try:
        told = once(host, key, asked.name, answer) if key else answer()
    except AskedSomethingElse:
        sentence = "This Idempotency-Key was used for another question."
        raise Problem(409, "already-used", sentence) from None
    except later.TooManyWait:
        sentence = "Too many of your films wait to be checked. Ask again in a minute."
        raise Problem(429, "too-many-waiting", sentence, retry_after=60) from None
    if "state" not in told:
        return _json(told)
    waiting = _json(told, status=202)
    waiting.headers["Location"] = f"/api/v1/later/{told['id']}"
    return waiting


@api.get(
    "/later/{name}",
    auth=Key("check"),
    openapi_extra=contract.LATER_CHECK,
    summary="What became of a film",
)
def later_check(request: HttpRequest, name: UUID) -> HttpResponse:
    """Whether a film that is checked later still waits, and the verdict. For a day after it."""
    asked = LaterCheck.objects.filter(host=_host(request), name=name).first()
    if asked is None:
        raise Problem(404, "not-found", "No check of yours has this id.")
    return _json(asked.to_dict())


@api.post("/items", auth=Key("items"), openapi_extra=contract.REGISTER, summary="Register items")
def register_item(request: HttpRequest) -> HttpResponse:
    """Tell us what you show: one item with its file or fingerprint, or many with fingerprints.
    Repeating it with the same id brings it up to date."""
    host = _host(request)
    values = bodies.json_object(request) if bodies.is_json(request) else bodies.form(request)
    if bodies.is_json(request) and "items" in values:
        return _json({"items": bulk.register_items(host, values["items"])})
    about = bulk.wanted(values, host)
    fingerprints = bodies.fingerprints(request)
    if len(fingerprints) != 1:
        raise Problem(422, "one-fingerprint", "An item has exactly one fingerprint.")
    item, is_new, verdict = admit(host, Wanted(fingerprint=fingerprints[0], **about))
    return _json({**verdict.to_dict(), "id": item.host_item_id}, status=201 if is_new else 200)


@api.delete(
    "/items",
    auth=Key("items"),
    openapi_extra=contract.STRIKE_OUT_MANY,
    summary="Strike many items out",
)
def strike_out_many(request: HttpRequest) -> HttpResponse:
    """Tell us which items you no longer have."""
    if not bodies.is_json(request):
        raise Problem(422, "not-an-object", "Send a JSON object with 'ids'.")
    ids = bodies.json_object(request).get("ids")
    return _json(bulk.strike_out_items(_host(request), ids))


@api.delete(
    "/items/{path:item_id}",
    auth=Key("items"),
    response={204: None},
    openapi_extra=contract.STRIKE_OUT,
    summary="Strike an item out",
)
def strike_out(request: HttpRequest, item_id: str) -> HttpResponse:
    """Tell us that you no longer have the item."""
    if not bodies.is_text(item_id) or not register.strike_out(_host(request), item_id):
        raise Problem(404, "not-found", "No item of yours has this id.")
    return HttpResponse(status=204)


@api.post(
    "/notices", auth=Key("notices"), openapi_extra=contract.NOTICE, summary="Pass a notice on"
)
def send_notice(request: HttpRequest) -> HttpResponse:
    """Send what a person told you in a form of yours. Answers with their receipt code."""
    values = bodies.json_object(request)
    fingerprints = values.get("fingerprints", [])
    if not isinstance(fingerprints, list):
        raise Problem(422, "bad-field", "The field 'fingerprints' must be a list.")
    places = values.get("urls", [])
    if not isinstance(places, list) or not all(bodies.is_text(url) for url in places):
        raise Problem(422, "bad-field", "The field 'urls' must be a list of addresses.")
    report = Report(
        signature=bodies.text(values, "signature", limit=500),
        places="\n".join(places),
        good_faith=values.get("good_faith") is True,
        contact=bodies.text(values, "contact", limit=500),
        explanation=bodies.text(values, "explanation", limit=20_000),
        on_behalf_of=bodies.text(values, "on_behalf_of", limit=500),
        kind=_kind(values),
        about_minor=values.get("about_minor") is True,
        statement=bodies.text(values, "statement", limit=20_000),
        language=translation.get_language() or "en",
        fingerprints=tuple(
            json.loads(bodies.fingerprint(value).to_json()) for value in fingerprints
        ),
    )
    submission = bodies.idempotency_key(request) or new_submission()
    try:
        receipt = receive(report, submission=f"{_host(request)} {submission}")
    except Incomplete as error:
        raise Problem(
            422,
            "incomplete-notice",
            "Something the law asks for is missing; ask the person for it.",
            missing=list(error.missing),
        ) from None
    except TooLong as error:
        raise Problem(422, "field-too-long", f"{error}.", field=error.field_name) from None
    except TooMany as error:
        sentence = f"A notice has {error.limit} addresses and fingerprints at most."
        raise Problem(422, "too-many-places", sentence, field="urls") from None
    except AlreadyUsed:
        sentence = "This Idempotency-Key was used for another notice."
        raise Problem(409, "already-used", sentence) from None
    received_at = receipt.notice.received_at.isoformat()
    return _json(
        {"receipt": receipt.code, "received_at": received_at},
        status=201 if receipt.is_new else 200,
    )


@api.get(
    "/notices/{receipt}",
    auth=Key("notices"),
    openapi_extra=contract.NOTICE_STATUS,
    summary="Where a notice stands",
)
def notice_status(request: HttpRequest, receipt: str) -> HttpResponse:
    """What the person's status page says. Wrong and unknown codes look the same, and many of
    them slow down the host that asks with them."""
    host = str(_host(request))
    wait = wrong_codes_of_hosts.wait(host)
    if wait is not None:
        sentence = "Many receipt codes were wrong. Ask again after the seconds in Retry-After."
        raise Problem(429, "too-many-wrong-codes", sentence, retry_after=wait.seconds)
    notice = notice_of(receipt)
    if notice is None:
        wrong_codes_of_hosts.take(host)
        raise Problem(404, "not-found", "No notice has this receipt code.")
    return _json(shapes.status(status.status_of(notice)))


@api.get(
    "/cases",
    auth=Key("cases"),
    openapi_extra=contract.CASES,
    summary="List your cases",
)
def list_cases(request: HttpRequest, after: int = 0) -> HttpResponse:
    """The cases in which an item of yours stands, 100 at a time, oldest first."""
    yours = Case.objects.filter(caseitem__item__host=_host(request), pk__gt=after).distinct()
    return _json({"cases": [shapes.case(case) for case in yours.order_by("pk")[:100]]})


@api.get(
    "/cases/{case_id}",
    auth=Key("cases"),
    openapi_extra=contract.CASE,
    summary="One of your cases",
)
def one_case(request: HttpRequest, case_id: int) -> HttpResponse:
    """A case with the items of yours that stand in it."""
    host = _host(request)
    case = Case.objects.filter(caseitem__item__host=host, pk=case_id).distinct().first()
    if case is None:
        raise Problem(404, "not-found", "No case of yours has this number.")
    rows = case.caseitem_set.filter(item__host=host).select_related("item")
    rows = rows.prefetch_related("decision_set")
    return _json({**shapes.case(case), "items": [shapes.case_item(row) for row in rows]})


@api.get(
    "/hash-lists/{name}/head.json",
    auth=ReaderKey(),
    openapi_extra=contract.LIST_HEAD,
    summary="The head of your hash list",
)
def list_head(request: HttpRequest, name: str) -> HttpResponse:
    """How far the list goes, signed. Ask with If-None-Match, every few seconds if you like."""
    audience = _audience(request, name)
    if serve.is_known(request.headers.get("If-None-Match", ""), audience):
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(audience.head, content_type="application/json")
    answer.headers["ETag"] = serve.etag_of(audience)
    return answer


@api.get(
    "/hash-lists/{name}/keys/{number}.json",
    auth=ReaderKey(),
    openapi_extra=contract.LIST_KEYS,
    summary="Who may sign its head",
)
def list_keys(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The keys document with this number."""
    document = serve.keys_document(_audience(request, name), number)
    if document is None:
        raise Problem(404, "not-found", "The list has no keys document with this number.")
    return HttpResponse(document, content_type="application/json")


@api.get(
    "/hash-lists/{name}/pages/{number}.jsonl",
    auth=ReaderKey(),
    openapi_extra=contract.LIST_PAGE,
    summary="A page of its lines",
)
def list_page(request: HttpRequest, name: str, number: int, after: int = 0) -> HttpResponse:
    """The lines of this page with a sequence number above `after`."""
    lines = serve.page(_audience(request, name), number, after=after)
    if lines is None:
        raise Problem(404, "not-found", "The list has no page with this number.")
    return HttpResponse(lines, content_type="application/jsonl")


@api.post(
    "/hash-lists/{name}/feedback",
    auth=ReaderKey(),
    openapi_extra=contract.LIST_FEEDBACK,
    summary="Say what you think of its entries",
)
def list_feedback(request: HttpRequest, name: str) -> HttpResponse:
    """The last word about an entry counts. Entries that do not stand are passed over."""
    audience = _audience(request, name)
    given = bodies.json_object(request).get("feedback")
    if not isinstance(given, list) or len(given) > feedback.MOST:
        sentence = f"The field 'feedback' must be a list of {feedback.MOST} at most."
        raise Problem(422, "bad-field", sentence)
    said = dict(_opinion(each) for each in given)
    taken = feedback.receive(_partner(request), audience, said)
    return _json({"taken": taken, "passed_over": len(said) - taken})


def _opinion(said: object) -> tuple[str, Verdict]:
    match said:
        case {"id": str(name), "verdict": str(verdict)} if verdict in Verdict.values:
            return name, Verdict(verdict)
    choices = ", ".join(Verdict.values)
    sentence = f"Each of 'feedback' needs an 'id', and a 'verdict' that is one of {choices}."
    raise Problem(422, "bad-field", sentence)


def _audience(request: HttpRequest, name: str) -> Audience:
    """The list that the partner's key opens; another one is not there for them."""
    audience = _partner(request).audience
    if audience is None or audience.name != name:
        raise Problem(404, "not-found", "No list of this name is for you.")
    return audience


def _partner(request: HttpRequest) -> Partner:
    partner = getattr(request, "auth", None)
    assert isinstance(partner, Partner)  # noqa: S101  the endpoints above have a ReaderKey
    return partner


def _kind(values: dict[str, Any]) -> Kind:
    kind = values.get("kind", Kind.NOTICE)
    if kind not in (Kind.NOTICE, Kind.DEPOSIT):
        raise Problem(422, "bad-field", "The field 'kind' is 'notice' or 'deposit'.")
    return Kind(kind)


def _json(content: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(content), content_type="application/json", status=status)
