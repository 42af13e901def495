from django.apps import AppConfig


class BanksConfig(AppConfig):
    name = "staydown_server.banks"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.banks import keep  # noqa: F401
