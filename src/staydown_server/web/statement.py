"""What a person signs. It is stored with the notice as it was shown."""

from django.utils.translation import gettext as _

from staydown_server.notices.report import Kind


def statement(kind: Kind) -> tuple[str, ...]:
    """The sentences above the tick: together what every law in ``regimes.toml`` asks for."""
    published = {
        Kind.NOTICE: _("It was published without my consent, or without theirs."),
        Kind.DEPOSIT: _("I fear that it will be published without my consent, or without theirs."),
    }
    return (
        _("The picture or film shows me, or the person I act for."),
        _("It is intimate, or was made to look intimate."),
        published[kind],
        _("As far as I know, what I write here is true and complete."),
    )
