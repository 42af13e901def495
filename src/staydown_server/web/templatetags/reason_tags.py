"""``{{ reason|spoken }}``: a stored reason in the reader's language, as far as it was chosen."""

from django import template

from staydown_server.web.reason_words import spoken

register = template.Library()
register.filter("spoken", spoken)
