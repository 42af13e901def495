"""Cases: what a notice set going, and what was decided about each thing in it; deposits."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from staydown import Fingerprint
from staydown_server.accounts.models import Host, User
from staydown_server.catalogue.models import Fingerprinted, Item
from staydown_server.notices.models import Notice
from staydown_server.vault.fields import SealedTextField

#: Kinds of match that may be with somebody else's picture.
NEEDS_A_LOOK = ("part", "region-replaced")


class Case(models.Model):
    """Everything that follows from one valid notice, with its clock."""

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT)
    jurisdiction = models.CharField(max_length=10)
    # When the clock began: the notice arrived, its deposit was hit, a suspension was over.
    received_at = models.DateTimeField()
    deadline = models.DateTimeField()
    # Every item has its decision, or the person withdrew the notice.
    closed_at = models.DateTimeField(null=True)
    # A court or an authority wants it kept: nothing of it is purged.
    legal_hold = models.BooleanField(default=False)
    # The notice says that somebody under 18 is in it: it goes first.
    about_minor = models.BooleanField(default=False)
    # Who works on it, since when. A claim lapses (`review/desk.toml`).
    claimed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    claimed_at = models.DateTimeField(null=True)
    # Nobody acted, or somebody wants a senior to: since when, and what they said.
    escalated_at = models.DateTimeField(null=True)
    escalation = SealedTextField(purpose="escalation")
    # When the clock asked for a senior: it does so once.
    clock_escalated_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The queue, in its order.
            models.Index(
                fields=["-about_minor", "deadline", "id"],
                name="queue",
                condition=Q(closed_at=None),
            ),
            models.Index(fields=["deadline"], name="open_by_deadline", condition=Q(closed_at=None)),
            models.Index(fields=["received_at"], name="cases_by_arrival"),
            models.Index(fields=["closed_at"], name="cases_by_end"),
        ]

    def __str__(self) -> str:
        return f"case:{self.pk}"

    @property
    def number(self) -> str:
        """What people call the case."""
        return f"SD-{self.pk:06d}"

    @property
    def is_late(self) -> bool:
        return self.closed_at is None and timezone.now() > self.deadline


class CaseItem(models.Model):
    """One thing in a case: reported by the person, or a copy that we found."""

    class Origin(models.TextChoices):
        REPORTED_URL = "reported_url"
        REPORTED_FILE = "reported_file"
        SWEPT = "swept"
        REGISTERED = "registered"
        # An upload that the gate held, and a person decided about.
        HELD = "held"
        # A fingerprint that a host brought along (banks/).
        IMPORTED = "imported"

    class State(models.TextChoices):
        LOCATING = "locating"
        NOT_FOUND = "not_found"
        SWEEPING = "sweeping"
        READY = "ready"

    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    origin = models.CharField(max_length=20, choices=Origin.choices)
    state = models.CharField(max_length=20, choices=State.choices)
    # As the person gave it, sealed.
    reported_url = SealedTextField(purpose="reported address")
    item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT)
    fingerprint = models.TextField(blank=True)
    # The evidence of a copy: what it matched, how, and how closely.
    copy_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    match_kind = models.CharField(max_length=20, blank=True)
    match_orientation = models.CharField(max_length=30, blank=True)
    match_distance = models.PositiveSmallIntegerField(null=True)
    # Where it matched, and which region differs: `Match.region`.
    match_region = models.JSONField(null=True)
    # When, where one of the two is a film: `Span.to_dict` of each.
    match_spans = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # An item stands in a case once, however many ways it was found.
            models.UniqueConstraint(
                fields=["case", "item"], name="one_place_per_item", condition=~Q(item=None)
            ),
            # A copy names what it is a copy of.
            models.CheckConstraint(
                condition=Q(origin__in=["reported_url", "reported_file", "imported"])
                | ~Q(copy_of=None),
                name="copies_have_evidence",
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"case item:{self.pk}"

    def load_fingerprint(self) -> Fingerprint | None:
        return Fingerprint.from_json(self.fingerprint) if self.fingerprint else None

    @property
    def needs_a_look(self) -> bool:
        """It may be somebody else's picture: removed by choice only, never along with others."""
        return self.match_kind in NEEDS_A_LOOK

    @property
    def decision(self) -> "Decision | None":
        """The decision that stands, if one does."""
        standing = [d for d in self.decision_set.all() if d.superseded_at is None]
        return standing[0] if standing else None


class Sweep(models.Model):
    """What was searched for a reported thing, when, and how much was found: the record."""

    case_item = models.ForeignKey(CaseItem, on_delete=models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)
    searched = models.PositiveBigIntegerField()
    through_change = models.BigIntegerField()
    found = models.PositiveIntegerField()


class Decision(models.Model):
    """What somebody decided about one thing in a case, and why. Never altered, only superseded."""

    class Outcome(models.TextChoices):
        REMOVE = "remove"
        KEEP = "keep"
        RESTORE = "restore"

    class Manner(models.TextChoices):
        """What else an outcome says."""

        PLAIN = ""
        # Removed, but nothing is kept down: it may be uploaded again.
        REMOVE_ONLY = "remove_only"
        # Left online because the notice is not of the kind that the law means.
        NOT_VALID = "not_valid"
        # Left online, and nobody could have reported it in good faith (DSA article 23).
        UNFOUNDED = "unfounded"
        # Taken back at once, before it was carried out: the thing is undecided again.
        UNDONE = "undone"

    case_item = models.ForeignKey(CaseItem, on_delete=models.PROTECT)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    # Sealed: a reason may tell more of somebody than it should.
    reason = SealedTextField(purpose="reason")
    manner = models.CharField(max_length=20, choices=Manner.choices, blank=True)
    # Nobody, where the person in the picture withdrew the notice, or a host imported it.
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    # The host that imported it; nobody here looked.
    importer = models.ForeignKey(Host, null=True, on_delete=models.PROTECT)
    decided_at = models.DateTimeField(default=timezone.now)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["decided_at"], name="decisions_by_time")]
        constraints = [
            # At most one decision stands for each thing in a case.
            models.UniqueConstraint(
                fields=["case_item"],
                name="one_standing_decision",
                condition=Q(superseded_at=None),
            ),
            # A decision gives its reason.
            models.CheckConstraint(condition=~Q(reason=""), name="decisions_have_reasons"),
            # A person decides, or a host does.
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(importer=None), name="decided_by_one"
            ),
            # Only a removal is of the one manner, only a refusal of the others.
            models.CheckConstraint(
                condition=Q(manner="")
                | Q(manner="remove_only", outcome="remove")
                | Q(manner__in=["not_valid", "unfounded"], outcome="keep")
                | Q(manner="undone", outcome="restore"),
                name="manners_fit_outcomes",
            ),
            # What is superseded was decided before.
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(superseded_at__gte=F("decided_at")),
                name="superseded_after_decided",
            ),
        ]

    @property
    def actor(self) -> str:
        return str(self.decided_by or self.importer or "person")


class Deposit(Fingerprinted):
    """A fingerprint that somebody left with us before anything is online.

    It waits until it expires, until its notice is taken back, or until a person decides about
    it. What matches it, a *hit*, opens a case; it removes and blocks nothing.
    """

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT)
    # Which of the notice's fingerprints it is.
    place = models.PositiveSmallIntegerField()
    deposited_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    # What was searched when it came.
    swept_at = models.DateTimeField(null=True)
    searched = models.PositiveBigIntegerField(default=0)
    # Its place in the case that its first hit opened.
    case_item = models.OneToOneField(CaseItem, null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            # Opening a notice twice deposits nothing twice.
            models.UniqueConstraint(fields=["notice", "place"], name="one_deposit_per_place")
        ]

    def __str__(self) -> str:
        return f"deposit:{self.pk}"


class Sending(models.Model):
    """Who sent a notice, as a digest of their contact: the same sender is known again.

    Anybody can type anybody's address: a sender is not a proven person.
    """

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT)
    sender = models.BinaryField(max_length=32, db_index=True)
    at = models.DateTimeField()
    # Its sender is suspended: no case is opened before, unless a moderator opens one.
    set_aside_until = models.DateTimeField(null=True)


class Mark(models.Model):
    """A reason to look twice at a case. It changes nothing: not the clock, not the decision."""

    class Kind(models.TextChoices):
        UNRELATED = "unrelated"
        OLD = "old"
        POPULAR = "popular"
        REFUSED_BEFORE = "refused_before"
        MANY_NOTICES = "many_notices"

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Of how many things, uploaders or notices it speaks.
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            # A case is marked once for each reason.
            models.UniqueConstraint(fields=["case", "kind"], name="one_mark_of_a_kind")
        ]
        ordering = ["kind"]
