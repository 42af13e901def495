"""Partners, the lists that we publish for them, and what both sides say of each other's entries."""

from django.db import models
from django.db.models import Q

from staydown.exchange.hash_list import SigningKey, Tally
from staydown_server.accounts.models import User
from staydown_server.gate.models import KeepDown, Listed
from staydown_server.vault.fields import SealedJSONField


class Audience(models.Model):
    """Those who follow one of our lists: the list's name, its keys, and how far it goes."""

    # Its name as of a domain. Entries on it are in this name.
    name = models.CharField(max_length=64, unique=True)
    # Which of our decisions go on it, by who stands behind them.
    hows = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    # Signs heads. The root key stays with its owner, off-line.
    signing_key = SealedJSONField(purpose="hash list signing key")
    # The signed head as it is served.
    head = models.TextField()
    number = models.PositiveBigIntegerField()
    signed_at = models.DateTimeField()
    keys_number = models.PositiveIntegerField(default=1)
    generation = models.PositiveIntegerField(default=1)
    # How far it was written: `Tally`.
    sequence = models.PositiveBigIntegerField(default=0)
    standing = models.PositiveBigIntegerField(default=0)
    page_lines = models.PositiveIntegerField()
    pages = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"audience:{self.name}"

    @property
    def signer(self) -> SigningKey:
        return SigningKey.read(self.signing_key)

    @property
    def tally(self) -> Tally:
        pages = tuple(bytes.fromhex(page) for page in self.pages)
        return Tally(self.sequence, self.standing, self.page_lines, pages)

    @tally.setter
    def tally(self, tally: Tally) -> None:
        self.sequence, self.standing = tally.sequence, tally.standing
        self.pages = [page.hex() for page in tally.pages]


class KeysDocument(models.Model):
    """Who may sign an audience's heads: one signed document after the other."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE)
    number = models.PositiveIntegerField()
    document = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audience", "number"], name="keys_have_numbers")
        ]


class Line(models.Model):
    """One line of an audience's list. Never altered, but for its content, which is blacked out
    when it no longer stands."""

    audience = models.ForeignKey(Audience, on_delete=models.PROTECT)
    # A generation is a history of its own: see docs/hash-list.md.
    generation = models.PositiveIntegerField()
    sequence = models.PositiveBigIntegerField()
    op = models.CharField(max_length=10)
    # Random: the entry's name outside says nothing about the case.
    entry = models.CharField(max_length=32, db_index=True)
    keep_down = models.ForeignKey(KeepDown, on_delete=models.PROTECT)
    reason = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()
    # When an addition or change ends by itself.
    expires_at = models.DateTimeField(null=True)
    # The line as it is served; and whether it is the last word about its entry.
    text = models.TextField()
    stands = models.BooleanField()

    class Meta:
        constraints = [
            # Followers count on it: each number once.
            models.UniqueConstraint(
                fields=["audience", "generation", "sequence"], name="lines_have_numbers"
            ),
            # An entry is added once, and taken back once.
            models.UniqueConstraint(
                fields=["audience", "generation", "entry", "op"],
                name="added_once_retracted_once",
                condition=~Q(op="change"),
            ),
            # Who takes something back says why.
            models.CheckConstraint(
                condition=(Q(op="retract") & ~Q(reason="")) | (~Q(op="retract") & Q(reason="")),
                name="retractions_have_reasons",
            ),
        ]


class Choice(models.Model):
    """What people, or a rule, chose about sharing one keep-down. Without one, rules.toml does."""

    keep_down = models.OneToOneField(KeepDown, on_delete=models.PROTECT)
    # Nothing: as rules.toml says.
    shares = models.BooleanField(null=True)
    # A second person who looked and agrees.
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    # Partners dispute it: it is shared as less sure, or not at all until a person chooses.
    is_disputed = models.BooleanField(default=False)
    is_withdrawn = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"choice:{self.pk}"


class Partner(models.Model):
    """Another platform or list: one that follows us, one that we follow, or both."""

    class Kind(models.TextChoices):
        STAYDOWN = "staydown", "Staydown"
        STOPNCII = "stopncii", "StopNCII"
        NCMEC = "ncmec", "NCMEC"
        THREATEXCHANGE = "threatexchange", "ThreatExchange"

    name = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    # As a reader of ours: which list their keys open.
    audience = models.ForeignKey(Audience, null=True, on_delete=models.PROTECT)

    # As a source: which list we follow, and how far its word counts (rules.toml).
    kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    address = models.CharField(max_length=500, blank=True)
    # Keys to fetch with, newest first, and what else the kind needs.
    credentials = SealedJSONField(purpose="partner credentials", default=dict)
    trust = models.CharField(max_length=40, default="careful")
    # More new entries a day than this wait; nothing: as rules.toml says.
    most_a_day = models.PositiveIntegerField(null=True)
    paused_at = models.DateTimeField(null=True)

    # How far the list was followed: the follower's state, or the client's checkpoint.
    state = models.JSONField(default=dict)
    # Grows with each step that was stored: who reads an older one stores nothing.
    turn = models.PositiveBigIntegerField(default=0)
    # The list begins anew: what has no newer turn than this is dropped when it is caught up.
    anew_since = models.PositiveBigIntegerField(null=True)
    tried_at = models.DateTimeField(null=True)
    followed_at = models.DateTimeField(null=True)
    news_at = models.DateTimeField(null=True)
    # The class of the error that ended the last round, and since when.
    trouble = models.CharField(max_length=40, blank=True)
    trouble_since = models.DateTimeField(null=True)
    # It took back much of its list at once, and nobody has looked at that yet.
    collapsed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # What is followed has an address.
            models.CheckConstraint(
                condition=Q(kind="") | ~Q(address=""), name="followed_lists_have_addresses"
            )
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return f"partner:{self.name}"

    @property
    def entries(self) -> "models.QuerySet[Listed]":
        """What stands, waits or stood of its list here."""
        return Listed.objects.filter(source=str(self))


class ReaderKey(models.Model):
    """A bearer key with which a partner reads its audience's list. Only its digest is kept."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class Verdict(models.TextChoices):
    """What a follower says of an entry, mildest first."""

    # Something here matched it.
    SEEN = "seen"
    # Uploads were stopped, or a moderator removed something.
    BLOCKED = "blocked"
    # A moderator let through what matched it.
    DISPUTED = "disputed"
    # A moderator looked: it should not be on the list.
    WRONG = "wrong"


class Feedback(models.Model):
    """What a partner says of an entry of ours: the last of it counts."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    keep_down = models.ForeignKey(KeepDown, on_delete=models.PROTECT)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            # A partner has one opinion of an entry.
            models.UniqueConstraint(fields=["partner", "keep_down"], name="one_opinion_each")
        ]


class Opinion(models.Model):
    """What we say of a partner's entry, and what it was told of that."""

    listed = models.OneToOneField(Listed, on_delete=models.CASCADE)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    told = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    at = models.DateTimeField()
