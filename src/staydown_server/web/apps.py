from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "staydown_server.web"
