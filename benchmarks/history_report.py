"""The page and the picture of the history benchmark."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.history_course import Day, above_no_news
from benchmarks.history_kept import Kept
from benchmarks.report import COLOURS, STYLE, table, write_report

MEGABYTE = 1e6
Measure = Callable[[Day], float]


def write_history(kept: Kept, folder: Path) -> str:
    """Write the report of all days; the page."""
    days, textbook = kept.days, kept.textbook
    ours, fresh = _measures(above_no_news(days)), _measures(above_no_news(kept.young))
    early, late = spans(len(days))
    then, now = ([day for day in days if day.day in span] for span in (early, late))
    young = [day for day in kept.young if day.day in early]
    weeks = [f"textbook, days {week[0].day} to {week[-1].day}" for week in _weeks(textbook)]
    head = ["a day's", "a young lake's", f"{_named(late)}", "ratio", "mean: young", "late", "ratio"]
    rows = [
        [name, *_both(young, now, fresh[name], ours[name]), *_both(young, now, fresh[name], ours[name], fmean)]
        for name in ours
    ]
    course = [
        [
            name,
            *_both(then, now, measure, measure),
            *_both(then, now, measure, measure, fmean),
            *_textbook_cells(textbook, name),
        ]
        for name, measure in ours.items()
    ]
    page = [
        f"# History: what a day costs, {len(days)} days long",
        "",
        f"Side by side: {_named(early)} of a young lake, counted by turns with {_named(late)} of the old one. Median, "
        "then mean, in which days show that put large files together. All days land as many records, and the listens "
        "were those of the DuckDB script.",
        "",
        *table(head, rows),
        "",
        "The course of the old lake, in whose hours the machine may have become slower or quicker:",
        "",
        *table(["a day's", _named(early), _named(late), "ratio", "mean, then", "and", "ratio", *weeks], course),
        "",
        *_notes(kept, young, now),
    ]
    raw = {
        "days": [_without_tables(day) for day in days],
        "young": [_without_tables(day) for day in kept.young],
        "audits_s": {str(day): round(seconds, 3) for day, seconds in kept.audits.items()},
        "textbook": [_without_tables(day) for day in textbook],
    }
    return write_report(folder, "history", page, raw, _picture(kept, textbook, ours, fresh))


def _without_tables(day: Day) -> dict[str, object]:
    """Its figures; those by table stay in the cache folder, they are too many to keep for good."""
    return {name: figure for name, figure in day.as_json().items() if name != "tables"}


def _notes(kept: Kept, young: Sequence[Day], late: Sequence[Day]) -> list[str]:
    days = kept.days
    return [
        f"- records a day: {min(day.records for day in days):,} to {max(day.records for day in days):,}",
        f"- maintenance is in the figures of {sum(day.maintenance_s > 0 for day in days)} of {len(days)} days",
        f"- a run without news: {median(map(_no_news, young)):.2f} s in the young lake, "
        f"{median(map(_no_news, late)):.2f} s in the old one",
        f"- in the lake at the end: {days[-1].lake_files:,} files, {days[-1].lake_bytes / MEGABYTE:,.0f} MB",
        *_taken_up(days),
        *(f"- a check of all rows of all tables after day {day}: {took:.1f} s" for day, took in kept.audits.items()),
    ]


def spans(days: int) -> tuple[range, range]:
    """The early and the late days that are compared: 4 to 24 and the last 21, or fewer of a short history."""
    width = min(21, max(1, (days - 3) // 2))
    return range(4, 4 + width), range(days - width + 1, days + 1)


def _measures(above: Measure) -> dict[str, Measure]:
    return {
        "seconds above a run without news": above,
        "MB read and written": lambda day: (day.touched.read_bytes + day.touched.written_bytes) / MEGABYTE,
        "MB read": lambda day: day.touched.read_bytes / MEGABYTE,
        "MB written": lambda day: day.touched.written_bytes / MEGABYTE,
        "data files touched": lambda day: day.touched.files,
        "data files read": lambda day: day.touched.opened,
        "data files added": lambda day: day.touched.added,
        "data files removed": lambda day: day.touched.removed,
        "MB of data files read": lambda day: day.touched.opened_bytes / MEGABYTE,
        "MB of data files added": lambda day: day.touched.added_bytes / MEGABYTE,
    }


def _taken_up(days: Sequence[Day]) -> list[str]:
    broken = ", ".join(str(day.day) for day in days if day.taken_up)
    return [f"- the course was broken off and went on with day {broken}: a part of it may be missing"] if broken else []


def _no_news(day: Day) -> float:
    return day.no_news_s


def _both(
    early: Sequence[Day],
    late: Sequence[Day],
    early_measure: Measure,
    late_measure: Measure,
    of: Callable[[list[float]], float] = median,
) -> list[str]:
    """The cells of two spans of days, and of their ratio."""
    first, then = of([early_measure(day) for day in early]), of([late_measure(day) for day in late])
    return [f"{first:,.2f}", f"{then:,.2f}", _ratio(then, first)]


def _ratio(late: float, early: float) -> str:
    return f"{late / early:.2f}" if early > 0 else ""


def _named(span: range) -> str:
    return f"days {span[0]} to {span[-1]}"


def _weeks(days: Sequence[Day]) -> list[list[Day]]:
    """Days one after the other, parted where some are left out."""
    weeks: list[list[Day]] = []
    for day in days:
        if not weeks or weeks[-1][-1].day + 1 != day.day:
            weeks.append([])
        weeks[-1].append(day)
    return weeks


def _textbook_cells(textbook: Sequence[Day], name: str) -> list[str]:
    measure = _measures(lambda day: day.seconds)[name]
    return [f"{median(measure(day) for day in week):,.2f}" for week in _weeks(textbook)]


def _picture(kept: Kept, textbook: Sequence[Day], ours: Mapping[str, Measure], fresh: Mapping[str, Measure]) -> Figure:
    """A panel a measure: every day of ours, those of the young lake when they were counted, weeks of the textbook."""
    shown = ("seconds above a run without news", "MB read", "MB written", "data files touched")
    theirs = _measures(lambda day: day.seconds)
    with rc_context(STYLE):
        figure = Figure(figsize=(9.5, 6.6))
        for panel, name in zip(figure.subplots(2, 2).flat, shown, strict=True):
            numbers = [day.day for day in kept.days]
            panel.plot(numbers, [ours[name](day) for day in kept.days], ".", markersize=2.5, color=COLOURS[0])
            beside = numbers[len(numbers) - len(kept.young) :]
            panel.plot(beside, [fresh[name](day) for day in kept.young], "+", markersize=4, color=COLOURS[2])
            for week in _weeks(textbook):
                points = [theirs[name](day) for day in week]
                panel.plot([day.day for day in week], points, "x", markersize=4, color=COLOURS[1])
            panel.set_title(f"{name}, by day")
            panel.set_ylim(bottom=0)
        marks = [(".", COLOURS[0], "podledger"), ("+", COLOURS[2], "podledger, a young lake, by turns")]
        marks += [("x", COLOURS[1], "textbook")] if textbook else []
        for mark, colour, who in marks:
            figure.axes[0].plot([], [], mark, color=colour, label=who)
        figure.axes[0].legend()
        figure.tight_layout(rect=(0, 0.07, 1, 1))
    return figure
