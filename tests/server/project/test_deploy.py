"""What deploy/ says is what the server understands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_there_is_one(path: Path) -> None:
    documented = (ROOT / "docs" / "settings.md").read_text("utf-8")

    named = set(re.findall(r"\bSTAYDOWN_[A-Z_]+\b", path.read_text("utf-8")))

    assert {name for name in named if f"`{name}`" not in documented} == set()


def test_a_part_can_be_served_alone() -> None:
    """As the compose file and the manifests have it."""
    import argparse

    from staydown_server.project.commands import serve

    parser = argparse.ArgumentParser()
    serve(parser.add_subparsers())
    for name in ("compose.yaml", "kubernetes.yaml"):
        text = (ROOT / "deploy" / name).read_text("utf-8")
        commands = re.findall(r"(?:command|args): \[(.*serve.*)\]", text)
        assert len(commands) == 2
        for command in commands:
            words = [word.strip().strip('"') for word in command.split(",")]
            assert parser.parse_args(words).only in ("web", "jobs")
