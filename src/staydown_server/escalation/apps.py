from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "staydown_server.escalation"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.escalation import find, recheck, send, watch  # noqa: F401
