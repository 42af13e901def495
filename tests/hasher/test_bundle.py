"""The bundle is made of the sources, the locked packages, and what their licences ask for."""

import subprocess
from pathlib import Path

from hasher.world import ROOT


def test_the_types_hold(bundle: Path) -> None:
    """As strictly as the compiler can."""
    done = subprocess.run(
        ["npm", "run", "--silent", "check"],
        cwd=bundle.parent / "frontend",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_the_licences_travel_with_the_bundle(bundle: Path) -> None:
    """As they ask: the text of the one, and where the source of the other can be had."""
    worker = (bundle / "hasher-worker.js").read_text("utf-8")

    assert "https://www.npmjs.com/package/mediabunny/v/" in worker
    assert "under MPL-2.0" in worker
    assert "Permission is hereby granted, free of charge" in worker


def test_the_lock_names_no_registry() -> None:
    """Whoever builds asks their own."""
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text("utf-8")
