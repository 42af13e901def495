from django.apps import AppConfig


class RemovalConfig(AppConfig):
    name = "staydown_server.removal"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.removal import carry_out, verify  # noqa: F401
