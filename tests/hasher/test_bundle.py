"""The bundle is made of the sources, the locked packages, and what their licences ask for."""

from hasher.world import BUNDLE, ROOT


def test_the_licences_travel_with_the_bundle() -> None:
    """As they ask: the text of the one, and where the source of the other can be had."""
    worker = (BUNDLE / "hasher-worker.js").read_text("utf-8")

    assert "https://www.npmjs.com/package/mediabunny/v/" in worker
    assert "under MPL-2.0" in worker
    assert "Permission is hereby granted, free of charge" in worker


def test_the_lock_names_no_registry() -> None:
    """Whoever builds asks their own."""
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text("utf-8")
