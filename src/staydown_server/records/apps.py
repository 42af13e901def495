from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "staydown_server.records"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.records import counted  # noqa: F401
