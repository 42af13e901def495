"""Draws what `benchmarks.copies` and `benchmarks.load` measured: ``python -m benchmarks.plots``
(needs matplotlib).

Reads ``artefacts/copies.json``, ``regions.json`` and ``load.json``, those that are there; writes a
PNG beside each.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"


def draw_copies() -> None:
    results = json.loads((ARTEFACTS / "copies.json").read_text())
    names = list(results[0]["found"])
    rows = {name: [each["found"][name] for each in results] for name in names}
    ways = {
        "local": lambda row: row["local"] > 0,
        "PDQ, dihedral, 31 bits": lambda row: row["dihedral"] <= 31,
        "PDQ, 31 bits": lambda row: row["pdq"] <= 31,
    }
    _, axes = plt.subplots(figsize=(9, 0.22 * len(names) + 1.5))
    for (label, is_found), mark in zip(ways.items(), ("o", "|", "x"), strict=True):
        shares = [100 * sum(map(is_found, rows[name])) / len(rows[name]) for name in names]
        axes.plot(shares, range(len(names)), mark, label=label, alpha=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel(f"copies found, % of {len(results)} pictures held out")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower left")
    plt.tight_layout()
    plt.savefig(ARTEFACTS / "copies.png", dpi=80)
    plt.close()


def draw_regions() -> None:
    called = json.loads((ARTEFACTS / "regions.json").read_text())
    counts: dict[str, dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for what, share, verdict in called:
        counts["untouched copy" if not share else what][share].append(verdict == "replaced")
    _, axes = plt.subplots(figsize=(8, 5))
    for what, shares in counts.items():
        places = sorted(shares)
        heights = [100 * sum(shares[each]) / len(shares[each]) for each in places]
        thick = 3 if what == "replaced" else 1
        axes.plot([100 * each for each in places], heights, "o-", label=what, linewidth=thick)
    axes.set_xlabel("share of the area, %")
    axes.set_ylabel("called region-replaced, %")
    axes.grid(alpha=0.3)
    axes.legend()
    plt.tight_layout()
    plt.savefig(ARTEFACTS / "regions.png", dpi=80)
    plt.close()


def draw_load() -> None:
    _, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 5))
    for row in json.loads((ARTEFACTS / "load.json").read_text()):
        count = len(row["p99"])
        ends = [row["seconds"] * (part + 1) / count for part in range(count)]
        label = f"{row['database']}, {row['rate']:.0f} requests a second"
        above.plot(ends, [1000 * each for each in row["p99"]], label=label)
        times, megabytes = zip(*row["held"], strict=True)
        below.plot(times, megabytes, label=label)
    above.set_ylabel("99th percentile, ms")
    below.set_ylabel("memory of the server, MB")
    below.set_xlabel("seconds at four fifths of the capacity")
    for axes in (above, below):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    above.legend()
    plt.tight_layout()
    plt.savefig(ARTEFACTS / "load.png", dpi=80)
    plt.close()


if __name__ == "__main__":
    for name, draw in {"copies": draw_copies, "regions": draw_regions, "load": draw_load}.items():
        if (ARTEFACTS / f"{name}.json").exists():
            draw()
