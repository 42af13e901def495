"""Who may call us: the people at the desk, and the hosts with their keys."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from staydown_server.vault.fields import SealedJSONField


class Role(models.TextChoices):
    MODERATOR = "moderator"


class User(AbstractBaseUser):
    """Someone who signs in at the desk. There are no passwords: see sign_in.py."""

    email = models.EmailField(unique=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MODERATOR)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BaseUserManager["User"]()
    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return f"user:{self.pk}"

    @property
    def may_review(self) -> bool:
        return self.is_active and self.role == Role.MODERATOR


class SignInLink(models.Model):
    """A link that signs its owner in once. Only its digest is kept."""

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
