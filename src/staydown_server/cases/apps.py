from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "staydown_server.cases"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.cases import deposit, locate, mark, open, sweep  # noqa: F401
