"""Who may call us: the people at the desk, and the hosts with their keys."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy

from staydown_server import vault
from staydown_server.vault.fields import SealedJSONField


class Role(models.TextChoices):
    """What somebody at the desk may do; each may do what those above may, but for the first."""

    # Reads all, changes nothing.
    AUDITOR = "auditor", gettext_lazy("Auditor")
    MODERATOR = "moderator", gettext_lazy("Moderator")
    # The second person where one is not enough.
    SENIOR = "senior", gettext_lazy("Senior moderator")
    ADMINISTRATOR = "administrator", gettext_lazy("Administrator")


class User(AbstractBaseUser):
    """Someone who signs in at the desk: with a passkey, or a password and a code (people/)."""

    email = models.EmailField(unique=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MODERATOR)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Sessions of an earlier epoch are over.
    epoch = models.PositiveIntegerField(default=0)

    objects = BaseUserManager["User"]()
    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return f"user:{self.pk}"

    @property
    def may_read(self) -> bool:
        return self.is_active and self.role in Role.values

    @property
    def may_review(self) -> bool:
        return self.may_read and self.role != Role.AUDITOR

    @property
    def may_confirm(self) -> bool:
        """Whether they count as the second person."""
        return self.is_active and self.role in (Role.SENIOR, Role.ADMINISTRATOR)

    @property
    def may_administer(self) -> bool:
        return self.is_active and self.role == Role.ADMINISTRATOR

    def get_session_auth_hash(self) -> str:
        """Django ends the sessions for which this has changed."""
        return vault.digest(f"{self.pk} {self.epoch} {self.password}", purpose="session").hex()


class Authenticator(models.Model):
    """What somebody holds to sign in with, besides what they know."""

    class Kind(models.TextChoices):
        # An authenticator app (TOTP, RFC 6238), together with the password.
        CODE = "code"
        # A passkey (WebAuthn) that checks who holds it: enough by itself.
        PASSKEY = "passkey"
        # An account in the organisation's directory (OpenID Connect).
        DIRECTORY = "directory"

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=100)
    # {"secret": ...} of a code; {"credential": ...}, public, of a passkey;
    # {"issuer": ..., "subject": ...} in a directory.
    content = SealedJSONField(purpose="authenticator")
    # By which a passkey, or an account in a directory, is found.
    credential_id = models.BinaryField(max_length=1023, unique=True, null=True)
    # The time step of the last code: one code signs in once.
    last_step = models.BigIntegerField(default=0)
    added_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # Of two apps nobody knows which code is meant.
            models.UniqueConstraint(
                fields=["user"], name="one_app_per_user", condition=models.Q(kind="code")
            ),
        ]
        ordering = ["pk"]


class RecoveryCode(models.Model):
    """In place of the app's code, once. Only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.BinaryField(max_length=32, unique=True)
    used_at = models.DateTimeField(null=True)


class SignInLink(models.Model):
    """An invitation: leads its owner to what they will sign in with, once. Only its digest is
    kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Host(models.Model):
    """A platform that shows things people upload, and takes them down when we ask."""

    name = models.SlugField(max_length=50, unique=True)
    # Scheme, name and port: the only addresses we ever fetch from for this host.
    origins = models.JSONField(default=list)
    # Which connector takes its items down, and what that needs: addresses, names and tokens.
    kind = models.CharField(max_length=20, default="webhook")
    credentials = SealedJSONField(purpose="host.credentials", default=dict)
    # May be empty where another connector is used; the host then hears of no uploads either.
    webhook_url = models.URLField(max_length=500, blank=True)
    webhook_secret = SealedJSONField(purpose="host.webhook_secret")
    # The operator says that this host lives on a private network (Plaza does).
    is_private = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"host:{self.name}"


class ApiKey(models.Model):
    """A bearer key of a host. Only its digest is kept."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
