"""The numbers of one year, as a transparency report wants them: counted in the database."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, IntegerField, Q, Window
from django.db.models.functions import RowNumber

from staydown_server.records.measures import COUNTS, DURATIONS, SHARES, Duration, Period

#: In percent; the value of rank ceil(n * percent / 100) among n, the nearest-rank definition.
QUANTILES = {"p10": 10, "p25": 25, "median": 50, "p75": 75, "p90": 90, "p95": 95, "max": 100}
#: Of notices that opened no case (deposits, and what was withdrawn at once).
NO_JURISDICTION = "none"
TOTAL = "total"

Numbers = dict[str, Any]


def report(year: int) -> dict[str, Numbers]:
    """For each jurisdiction, and for all together as ``total``: counts by their names, shares
    (0 to 1, None of nothing) and durations (hours: how many, and their quantiles)."""
    period = Period(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
    numbers: dict[str, Numbers] = {TOTAL: dict.fromkeys(COUNTS, 0)}
    for name, measure in COUNTS.items():
        # Sorting by nothing: a model's own order would part the groups.
        of_each = measure.rows(period).order_by().annotate(of=measure.jurisdiction).values("of")
        for row in of_each.annotate(many=Count("pk")):
            place = numbers.setdefault(row["of"] or NO_JURISDICTION, dict.fromkeys(COUNTS, 0))
            place[name] += row["many"]
            numbers[TOTAL][name] += row["many"]
    for place in numbers.values():
        place.update(_shares(place))
        place.update({name: {"count": 0} for name in DURATIONS})
    for name, duration in DURATIONS.items():
        for jurisdiction, quantiles in quantiles_of(duration, period):
            numbers[jurisdiction][name] = quantiles
    return numbers


def to_csv(numbers: dict[str, Numbers]) -> str:
    """One line for each number: jurisdiction, measure, value."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["jurisdiction", "measure", "value"])
    for jurisdiction, of_one in sorted(numbers.items()):
        for name, value in of_one.items():
            if isinstance(value, dict):
                table.writerows([jurisdiction, f"{name}.{part}", v] for part, v in value.items())
            else:
                table.writerow([jurisdiction, name, value])
    return text.getvalue()


def _shares(counts: Numbers) -> Numbers:
    shares: Numbers = {}
    for name, (part, whole) in SHARES.items():
        total = sum(counts[each] for each in whole)
        shares[name] = round(counts[part] / total, 4) if total else None
    return shares


def quantiles_of(duration: Duration, period: Period) -> Iterator[tuple[str, Numbers]]:
    """By jurisdiction, and as ``total``: how many, and the quantiles in hours."""
    by_jurisdiction: list[F] = [F("of")]
    for partition in (by_jurisdiction, []):
        found: dict[str, Numbers] = {}
        for row in _ranked(duration, period, partition):
            jurisdiction = (row["of"] or NO_JURISDICTION) if partition else TOTAL
            place = found.setdefault(jurisdiction, {"count": row["many"]})
            for name, percent in QUANTILES.items():
                if row["rank"] == -(-row["many"] * percent // 100):
                    place[name] = round(row["took"] / timedelta(hours=1), 2)
        yield from found.items()


def _ranked(duration: Duration, period: Period, partition: list[F]) -> Any:
    """The rows at the ranks of the quantiles, and no others."""
    took = ExpressionWrapper(duration.ends - duration.begins, output_field=DurationField())
    rows = duration.rows(period).order_by().annotate(of=duration.jurisdiction, took=took)
    ranked = rows.annotate(
        rank=Window(RowNumber(), partition_by=partition or None, order_by="took"),
        many=Window(Count("pk"), partition_by=partition or None, output_field=IntegerField()),
    )
    at_quantile = Q()
    for percent in QUANTILES.values():
        at_quantile |= Q(rank=(F("many") * percent + 99) / 100)
    return ranked.filter(at_quantile).values("of", "took", "rank", "many").order_by("took")
