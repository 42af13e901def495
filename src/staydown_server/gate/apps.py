from django.apps import AppConfig


class GateConfig(AppConfig):
    name = "staydown_server.gate"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.gate import later, listed  # noqa: F401
