"""Charts of statistics: one HTML page that needs nothing beside itself, no script, in light and dark."""

from __future__ import annotations

from html import escape

from pipeline.statistics import STEP, CampaignFigures, Figures

__all__ = ["page"]

_WIDTH, _HEIGHT = 640, 220  # user units of a drawing
_LEFT, _TOP, _BOTTOM = 56, 12, 28  # room for numbers and days

_HOW = (
    f"Every number is rounded down to a multiple of {STEP}, and what is under {STEP} is only said to be fewer, so "
    "that no single reader can be told from them. Who opens a letter or follows a link is not counted, because "
    "nothing of that is known."
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fbfaf7; --line: #c9c4ba; --one: #1f5f8b; --two: #b3541e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ece8e1; --paper: #1b1b1d; --line: #4a4846; --one: #8cc3ea; --two: #f0a878; }
}
body { background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 46rem; padding: 1.5rem; }
svg { display: block; height: auto; width: 100%; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.axis { stroke: var(--line); } .one { fill: var(--one); } .two { fill: var(--two); }
.path { fill: none; stroke: var(--one); stroke-width: 2; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: start; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: end; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: start; }
"""


def page(told: Figures, *, name: str) -> str:
    """Write the page.

    Args:
        told: The figures.
        name: Of the list.
    """
    title = f"{escape(name)}: numbers"
    parts = [
        "<!doctype html>",
        '<html lang="en" dir="ltr">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        # It needs nothing and may load nothing.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{title}</title><style>{_STYLE}</style></head>",
        f"<body><main><h1>{title}</h1>",
        f"<p>On the list now: <strong>{_said(told.people)}</strong>. {_HOW}</p>",
    ]
    if told.campaigns:
        parts += [
            "<h2>How the list grew</h2>",
            _growth(told.campaigns),
            "<h2>What became of each letter</h2>",
            _outcomes(told.campaigns),
            _table(told.campaigns),
        ]
    else:
        parts.append("<p>No letter has been sent yet.</p>")
    return "\n".join([*parts, "</main></body>", "</html>"]) + "\n"


def _said(number: int) -> str:
    return f"{number:,}" if number else f"fewer than {STEP}"


def _growth(campaigns: tuple[CampaignFigures, ...]) -> str:
    most = max(STEP, *(one.audience for one in campaigns))
    first, last = campaigns[0].day.toordinal(), campaigns[-1].day.toordinal()

    def place(one: CampaignFigures) -> tuple[float, float]:
        part = (one.day.toordinal() - first) / (last - first) if last > first else 0.5
        return _LEFT + part * (_WIDTH - _LEFT - 12), _level(one.audience, most)

    points = [place(one) for one in campaigns]
    dots = "".join(f'<circle class="one" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    said = (
        f"The first letter, on {campaigns[0].day}, was for {_said(campaigns[0].audience)} people; "
        f"the last one, on {campaigns[-1].day}, for {_said(campaigns[-1].audience)}."
    )
    drawn = f'<polyline class="path" points="{line}"/>{dots}' + _days(campaigns)
    return _drawing(said, drawn, most)


def _outcomes(campaigns: tuple[CampaignFigures, ...]) -> str:
    shown = campaigns[-24:]
    most = max(STEP, *(one.audience for one in shown))
    step = (_WIDTH - _LEFT - 12) / len(shown)
    bars = []
    for number, one in enumerate(shown):
        x, width = _LEFT + number * step + step * 0.15, step * 0.7
        top = _level(one.accepted, most)
        bars.append(_bar("one", x, top, width, _HEIGHT - _BOTTOM - top))
        if one.rejected:
            height = one.rejected / most * (_HEIGHT - _TOP - _BOTTOM)
            bars.append(_bar("two", x, top - height, width, height))
    said = (
        f"The newest letters, {len(shown)} of them: how many mail servers took them, and above it how many "
        "refused them. The numbers stand in the table below."
    )
    return _drawing(said, "".join(bars) + _days(shown), most)


def _bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _level(number: int, most: int) -> float:
    return _HEIGHT - _BOTTOM - number / most * (_HEIGHT - _TOP - _BOTTOM)


def _days(campaigns: tuple[CampaignFigures, ...]) -> str:
    y = _HEIGHT - 8
    first, last = campaigns[0].day, campaigns[-1].day
    said = f'<text x="{_LEFT}" y="{y}">{first}</text>'
    return said if first == last else f'{said}<text x="{_WIDTH - 12}" y="{y}" text-anchor="end">{last}</text>'


def _drawing(said: str, drawn: str, most: int) -> str:
    base = _HEIGHT - _BOTTOM
    axis = f'<path class="axis" d="M{_LEFT} {_TOP}V{base}H{_WIDTH - 12}" fill="none"/>'
    scale = (
        f'<text x="{_LEFT - 6}" y="{_TOP + 8}" text-anchor="end">{most:,}</text>'
        f'<text x="{_LEFT - 6}" y="{base}" text-anchor="end">0</text>'
    )
    label = escape(said, quote=True)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{axis}{scale}{drawn}</svg>'
        f"<p>{escape(said)}</p>"
    )


def _table(campaigns: tuple[CampaignFigures, ...]) -> str:
    rows = "".join(
        f"<tr><td>{one.day}</td><td>{escape(one.subject or one.post)}</td>"
        + "".join(
            f"<td>{_said(number)}</td>"
            for number in (one.audience, one.accepted, one.rejected, one.excluded, one.unknown)
        )
        + "</tr>"
        for one in reversed(campaigns)
    )
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("day", "letter", "for", "accepted", "refused", "left out", "unknown")
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="All letters"><table>'
        "<caption>All letters, the newest first</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
