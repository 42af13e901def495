from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "staydown_server.sharing"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.sharing import follow, publish  # noqa: F401
