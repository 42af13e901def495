"""Reading pages: their text, their forms, their links."""

import html
import re
from typing import Any


def text(answer: Any) -> str:
    """The page as it was sent."""
    found: str = answer.content.decode()
    return found


def without_token(answer: Any) -> str:
    """The page without what differs on each request: the form's token."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text(answer))


def value_of(answer: Any, name: str) -> str:
    """What stands in the form's field *name*."""
    page = text(answer)
    area = re.search(rf'<textarea[^>]*name="{name}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    if area:
        return html.unescape(area[1])
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert field, f"the page has no field {name}"
    if 'type="checkbox"' in field[0]:
        return "yes" if re.search(r"\schecked", field[0]) else ""
    value = re.search(r'value="([^"]*)"', field[0])
    return html.unescape(value[1]) if value else ""


def links(answer: Any) -> list[str]:
    """Every address that the page itself points to or loads."""
    return re.findall(r'(?:href|src|action|srcset|poster|data)="([^"]*)"', text(answer))
