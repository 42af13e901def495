"""What was asked about an address, and what was answered."""

from django.db import models

from staydown_server.vault.fields import SealedJSONField, SealedTextField


class Answer(models.Model):
    """One answer of a name server or a registry, as it came, with its time: what a letter says
    rests on it.

    Sealed, though all of it is public: which sites are asked about is nobody's business.
    """

    #: "dns" or "rdap".
    step = models.CharField(max_length=20)
    # A name and a type of record, or the address of an RDAP object.
    asked = SealedTextField(purpose="provider question")
    answer = SealedJSONField(purpose="provider answer")
    # The name server, or the address that answered at last.
    source = SealedTextField(purpose="provider source")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["step", "asked", "at"], name="answers_to_a_question")]

    def __str__(self) -> str:
        return f"answer:{self.pk}"


class Server(models.Model):
    """A registry's server, asked by one process at a time and with a pause in between."""

    name = models.CharField(max_length=300, unique=True)
    # Until then somebody asks it, or it wants to be left alone.
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"server:{self.pk}"
