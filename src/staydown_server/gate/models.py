"""What is kept down, what the gate stopped, and what waits there for a person."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from staydown_server.accounts.models import Host
from staydown_server.cases.models import CaseItem, Decision, Deposit
from staydown_server.catalogue.models import Fingerprinted

#: The gate stops an upload for what is kept down, for what somebody deposited, or for what a
#: partner's list has.
_ONE_GROUND = (
    (~Q(keep_down=None) & Q(deposit=None) & Q(listed=None))
    | (Q(keep_down=None) & ~Q(deposit=None) & Q(listed=None))
    | (Q(keep_down=None) & Q(deposit=None) & ~Q(listed=None))
)


class KeepDown(Fingerprinted):
    """A fingerprint that no upload may match, by a decision."""

    case_item = models.ForeignKey(CaseItem, on_delete=models.PROTECT)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="keep_downs")
    since = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        Decision, null=True, on_delete=models.PROTECT, related_name="lifted_keep_downs"
    )

    class Meta:
        constraints = [
            # A thing in a case is kept down at most once at a time.
            models.UniqueConstraint(
                fields=["case_item"], name="one_live_keep_down", condition=Q(lifted_at=None)
            ),
            # What is lifted was lifted by a decision.
            models.CheckConstraint(
                condition=Q(lifted_at=None) | ~Q(lifted_by=None), name="lifted_by_a_decision"
            ),
        ]

    def __str__(self) -> str:
        return f"keep-down:{self.pk}"


class Listed(Fingerprinted):
    """An entry of a partner's list. It holds or blocks uploads as far as the partner is trusted;
    nothing is removed by it, and it ends as soon as the list takes it back."""

    class State(models.TextChoices):
        LIVE = "live"
        # For a person: see sharing/flood.py.
        WAITING = "waiting"
        # A person refused it here.
        REFUSED = "refused"
        # Its list took it back, or its time is over.
        ENDED = "ended"

    # "partner:forum.example".
    source = models.CharField(max_length=80)
    # The entry's name on the list: random, or a keyed digest of what is a fingerprint there.
    key = models.CharField(max_length=64)
    harm = models.CharField(max_length=20)
    # Who stands behind it, and how it came on the list.
    how = models.CharField(max_length=20)
    by = models.CharField(max_length=64)
    confidence = models.PositiveSmallIntegerField()
    expires_at = models.DateTimeField(null=True)
    # What the gate does with what matches it: "leave", "hold" or "block".
    answer = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=State.choices)
    # Why it waits, was refused or ended: one word.
    why = models.CharField(max_length=20, blank=True)
    # So many hosted items matched when it came.
    found = models.PositiveIntegerField(default=0)
    # The step of following that brought it last.
    turn = models.PositiveBigIntegerField(default=0)
    came_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # Its place in the case that its first match opened.
    case_item = models.OneToOneField(CaseItem, null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            # A list names each entry once.
            models.UniqueConstraint(fields=["source", "key"], name="one_row_per_entry"),
            # Nothing is kept of what a partner took back.
            models.CheckConstraint(
                condition=~Q(state="ended") | Q(fingerprint="", sha256="", md5=""),
                name="ended_entries_are_erased",
            ),
        ]
        indexes = [models.Index(fields=["source", "state", "came_at"], name="entries_of_a_list")]

    def __str__(self) -> str:
        return f"listed:{self.pk}"


class Check(models.Model):
    """An upload that the gate held or blocked. What it let through leaves no trace."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    host = models.ForeignKey(Host, on_delete=models.PROTECT)
    keep_down = models.ForeignKey(KeepDown, null=True, on_delete=models.PROTECT)
    deposit = models.ForeignKey(Deposit, null=True, on_delete=models.PROTECT)
    listed = models.ForeignKey(Listed, null=True, on_delete=models.PROTECT)
    verdict = models.CharField(max_length=10)
    match_kind = models.CharField(max_length=20)
    match_distance = models.PositiveSmallIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # It was stopped for one thing.
            models.CheckConstraint(condition=_ONE_GROUND, name="checks_have_one_ground"),
            # A deposit blocks nothing: no person decided about it.
            models.CheckConstraint(
                condition=Q(deposit=None) | Q(verdict="hold"), name="deposits_never_block"
            ),
        ]


class HeldUpload(models.Model):
    """An upload that waits for a person, or did: its copy goes once they have decided."""

    class Outcome(models.TextChoices):
        ALLOWED = "allowed"
        REFUSED = "refused"

    gate_check = models.OneToOneField(Check, on_delete=models.PROTECT)
    host = models.ForeignKey(Host, on_delete=models.PROTECT)
    # The host's own name for the upload, and for who sent it.
    reference = models.CharField(max_length=200, blank=True)
    uploader = models.CharField(max_length=200, blank=True)
    # Tells the same file again without keeping its hash.
    file_digest = models.BinaryField(max_length=32, db_index=True)
    fingerprint = models.TextField(blank=True)
    # A small JPEG, sealed with the vault.
    preview = models.BinaryField(null=True)
    # What its file says of its origin.
    marks = models.JSONField(default=list)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    closed_at = models.DateTimeField(null=True)
    # The upload's place in the case of what it matched, with the decision about it.
    case_item = models.OneToOneField(CaseItem, null=True, on_delete=models.PROTECT)
    # Counts the outcomes, and names the events that tell the host of them.
    turn = models.PositiveIntegerField(default=0)
    told_turn = models.PositiveIntegerField(default=0)
    # The uploader's secret link to the statement of reasons; the link itself is derived.
    reasons_digest = models.BinaryField(max_length=32, unique=True, null=True)

    class Meta:
        constraints = [
            # An upload waits once, however often the host asks about it.
            models.UniqueConstraint(
                fields=["host", "reference", "file_digest"],
                name="one_waiting_upload",
                condition=Q(outcome=""),
            ),
            # What is refused was refused by a decision.
            models.CheckConstraint(
                condition=~Q(outcome="refused") | ~Q(case_item=None),
                name="refused_by_a_decision",
            ),
            # Nothing is kept of an upload that nobody waits for.
            models.CheckConstraint(
                condition=Q(outcome="") | Q(preview=None, fingerprint=""),
                name="decided_uploads_are_purged",
            ),
        ]

    def __str__(self) -> str:
        return f"held upload:{self.pk}"

    @property
    def refusal(self) -> Decision:
        """The decision that refused it, be it superseded since or not."""
        return Decision.objects.filter(
            case_item=self.case_item_id, outcome=Decision.Outcome.REMOVE
        ).latest("decided_at")

    @property
    def is_undone(self) -> bool:
        """Its refusal does not stand."""
        return self.outcome != self.Outcome.REFUSED

    @property
    def reason_to_wait(self) -> "HeldMatch | None":
        """The closest match that still stands."""
        stands = (
            Q(keep_down__isnull=False, keep_down__lifted_at=None)
            | Q(deposit__isnull=False, deposit__ended_at=None)
            | Q(listed__state=Listed.State.LIVE)
        )
        return self.heldmatch_set.filter(stands).order_by("pk").first()


class HeldMatch(models.Model):
    """Why an upload is held: one keep-down, deposit or partner's entry that it matched, closest
    first."""

    held = models.ForeignKey(HeldUpload, on_delete=models.CASCADE)
    keep_down = models.ForeignKey(KeepDown, null=True, on_delete=models.PROTECT)
    deposit = models.ForeignKey(Deposit, null=True, on_delete=models.PROTECT)
    listed = models.ForeignKey(Listed, null=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    distance = models.PositiveSmallIntegerField(null=True)
    orientation = models.CharField(max_length=30)
    region = models.JSONField(null=True)
    spans = models.JSONField(default=list)

    class Meta:
        constraints = [
            # An upload matches a keep-down in one way.
            models.UniqueConstraint(fields=["held", "keep_down"], name="one_match_per_keep_down"),
            # So does it a deposit.
            models.UniqueConstraint(fields=["held", "deposit"], name="one_match_per_deposit"),
            # So does it an entry.
            models.UniqueConstraint(fields=["held", "listed"], name="one_match_per_entry"),
            # It matches one of the three.
            models.CheckConstraint(condition=_ONE_GROUND, name="held_matches_have_one_ground"),
        ]

    @property
    def reported(self) -> CaseItem:
        """What it matched, in its case."""
        ground = self.keep_down or self.deposit or self.listed
        if ground is None or ground.case_item is None:
            raise AssertionError("an upload is held for what stands in a case")
        return ground.case_item


class LaterCheck(models.Model):
    """A film that a host asked about, and is told of later. Its file lies in ``later/``."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        # It could not be read, or not be fetched.
        FAILED = "failed"

    host = models.ForeignKey(Host, on_delete=models.CASCADE)
    # What the host knows it by.
    name = models.UUIDField(default=uuid.uuid4, unique=True)
    reference = models.CharField(max_length=200, blank=True)
    uploader = models.CharField(max_length=200, blank=True)
    # Where the file is to be fetched from, if it was not sent.
    url = models.CharField(max_length=2000, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # The verdict, or what went wrong.
    answer = models.JSONField(default=dict)
    done_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    def to_dict(self) -> dict[str, Any]:
        """As the host is told."""
        told: dict[str, Any] = {"id": str(self.name), "state": self.state}
        if self.state == self.State.DONE:
            told["answer"] = self.answer
        elif self.state == self.State.FAILED:
            told["problem"] = self.answer
        return told


class GivenAnswer(models.Model):
    """What a host was told when it asked under a name of its own (an idempotency key).

    Name and question are digests with a key: a stolen table tells nothing of either.
    """

    # Of the host and its name for the question.
    key = models.BinaryField(max_length=32, unique=True)
    question = models.BinaryField(max_length=32)
    answer = models.JSONField()
    at = models.DateTimeField(db_index=True)
