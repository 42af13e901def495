"""What Plaza had to add for Staydown, counted."""

import io
import re
import tokenize
from pathlib import Path

from plaza_world import ROOT

PLAZA = ROOT / "examples" / "plaza"
#: What `staydown.client` is asked for elsewhere in Plaza: an import, or a call.
CALL = re.compile(
    r"from staydown\.client|Staydown\(|staydown\.(check|register|forget|is_looking)\("
)
_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


def code_of(path: Path) -> list[str]:
    """The lines of a file that hold code: no blank ones, no comments, no docstrings."""
    text = path.read_text()
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and token.line.lstrip().startswith('"""')
        if token.type not in _NO_CODE and not is_docstring:
            code |= set(range(token.start[0], token.end[0] + 1))
    lines = text.splitlines()
    return [lines[number - 1] for number in sorted(code) if number <= len(lines)]


def test_the_integration_has_fewer_than_sixty_lines() -> None:
    """The webhook with all that it obeys, and each call to the client."""
    own = code_of(PLAZA / "staydown_host.py")
    others = [
        path for path in PLAZA.glob("*.py") if path.name not in ("staydown_host.py", "run.py")
    ]
    calls = [line for path in others for line in code_of(path) if CALL.search(line)]

    # Asked twice, at the upload and again while nobody answered.
    assert sum("staydown.check(" in line for line in calls) == 2
    assert all(f"staydown.{name}(" in "".join(calls) for name in ("register", "forget"))
    assert len(own) + len(calls) < 60
