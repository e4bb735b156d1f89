"""Draws cut-offs over delay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["plotted"]

COLOURS = ("#1a7f37", "#0969da", "#bf3989")
DASHES = ("", "2 3", "6 4")
WIDEST_MS = 1500
LEFT, FLOOR, RIGHT = 60, 340, 720
PER_MS, PER_SHARE = (RIGHT - LEFT) / WIDEST_MS, 600

Line = Sequence[tuple[float, float]]
"""Median delay in ms and share of the turns, point by point."""


def plotted(curves: Mapping[str, Sequence[Line]]) -> str:
    """Return an SVG: of each condition the curve with words, by the voice alone, and of webrtcvad."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{RIGHT + 40}" height="400" font-family="sans-serif" '
            f'font-size="12"><rect width="{RIGHT + 40}" height="400" fill="white"/>'
            f'<path d="M{LEFT} 40V{FLOOR}H{RIGHT}" fill="none" stroke="black"/>'
        )
    ]
    parts += [
        f'<text x="{LEFT + ms * PER_MS:.0f}" y="{FLOOR + 18}" text-anchor="middle">{ms}</text>'
        for ms in range(0, WIDEST_MS + 1, 250)
    ]
    parts += [
        f'<text x="{LEFT - 8}" y="{FLOOR + 4 - share * PER_SHARE / 100:.0f}" text-anchor="end">{share} %</text>'
        for share in range(0, 51, 10)
    ]
    parts.append(
        f'<text x="360" y="385">median delay, ms</text><text x="{LEFT}" y="25">turns ended too early: with words, '
        "by the voice alone (dotted), webrtcvad (dashed)</text>"
    )
    for number, (colour, (condition, lines)) in enumerate(zip(COLOURS, curves.items(), strict=True)):
        parts += [_line(line, colour, dash) for line, dash in zip(lines, DASHES, strict=True)]
        parts.append(f'<text x="600" y="{60 + 18 * number}" fill="{colour}">{condition}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _line(line: Line, colour: str, dash: str) -> str:
    places = " ".join(
        f"{LEFT + ms * PER_MS:.0f},{FLOOR - share * PER_SHARE:.0f}" for ms, share in line if ms <= WIDEST_MS
    )
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
