"""The page and the picture of the history benchmark."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.history_course import Day, above_no_news
from benchmarks.report import COLOURS, STYLE, table, write_report

MEGABYTE = 1e6
Measure = Callable[[Day], float]


def write_history(
    days: Sequence[Day],
    audits: Mapping[int, float],
    textbook: Sequence[Day],
    folder: Path,
) -> str:
    """Write the report of all days; the page."""
    ours = _measures(above_no_news(list(days)))
    early, late = spans(len(days))
    rows = [
        [
            name,
            f"{_middle(days, early, measure):,.2f}",
            f"{_middle(days, late, measure):,.2f}",
            f"{_ratio(_middle(days, late, measure), _middle(days, early, measure))}",
            f"{_middle(days, early, measure, fmean):,.2f}",
            f"{_middle(days, late, measure, fmean):,.2f}",
            f"{_ratio(_middle(days, late, measure, fmean), _middle(days, early, measure, fmean))}",
            *_textbook_cells(textbook, name),
        ]
        for name, measure in ours.items()
    ]
    weeks = [f"textbook, days {week[0].day} to {week[-1].day}" for week in _weeks(textbook)]
    page = [
        f"# History: what a day costs, {len(days)} days long",
        "",
        "Median of each span of days, then mean, in which days show that put large files together. All days land "
        "as many records, and the listens were those of the DuckDB script.",
        "",
        *table(["a day's", _named(early), _named(late), "ratio", "mean, then", "and", "ratio", *weeks], rows),
        "",
        f"- records a day: {min(day.records for day in days):,} to {max(day.records for day in days):,}",
        f"- maintenance is in the figures of {sum(day.maintenance_s > 0 for day in days)} of {len(days)} days",
        f"- a run without news: {_middle(days, early, _no_news):.2f} s, then {_middle(days, late, _no_news):.2f} s",
        f"- in the lake at the end: {days[-1].lake_files:,} files, {days[-1].lake_bytes / MEGABYTE:,.0f} MB",
        *_taken_up(days),
        *(f"- a check of all rows of all tables after day {day}: {seconds:.1f} s" for day, seconds in audits.items()),
    ]
    raw = {
        "days": [day.as_json() for day in days],
        "audits_s": {str(day): round(seconds, 3) for day, seconds in audits.items()},
        "textbook": [day.as_json() for day in textbook],
    }
    return write_report(folder, "history", page, raw, _picture(days, textbook, ours))


def spans(days: int) -> tuple[range, range]:
    """The early and the late days that are compared: 4 to 24 and the last 21, or fewer of a short history."""
    width = min(21, max(1, (days - 3) // 2))
    return range(4, 4 + width), range(days - width + 1, days + 1)


def _measures(above: Measure) -> dict[str, Measure]:
    return {
        "seconds above a run without news": above,
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


def _middle(days: Sequence[Day], span: range, measure: Measure, of: Callable[[list[float]], float] = median) -> float:
    return of([measure(day) for day in days if day.day in span] or [0.0])


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


def _picture(days: Sequence[Day], textbook: Sequence[Day], ours: Mapping[str, Measure]) -> Figure:
    """A panel a measure: every day of ours, and the weeks of the textbook."""
    shown = ("seconds above a run without news", "MB read", "MB written", "data files touched")
    theirs = _measures(lambda day: day.seconds)
    with rc_context(STYLE):
        figure = Figure(figsize=(9.5, 6.6))
        for panel, name in zip(figure.subplots(2, 2).flat, shown, strict=True):
            numbers = [day.day for day in days]
            panel.plot(numbers, [ours[name](day) for day in days], ".", markersize=2.5, color=COLOURS[0])
            for week in _weeks(textbook):
                points = [theirs[name](day) for day in week]
                panel.plot([day.day for day in week], points, "x", markersize=4, color=COLOURS[1])
            panel.set_title(f"{name}, by day")
            panel.set_ylim(bottom=0)
        marks = ((".", COLOURS[0], "podledger"), ("x", COLOURS[1], "textbook"))[: 2 if textbook else 1]
        for mark, colour, who in marks:
            figure.axes[0].plot([], [], mark, color=colour, label=who)
        figure.axes[0].legend()
        figure.tight_layout(rect=(0, 0.07, 1, 1))
    return figure
