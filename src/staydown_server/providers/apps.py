from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "staydown_server.providers"
