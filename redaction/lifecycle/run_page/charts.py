"""Charts as numbers that a template draws as inline SVG; lengths are in the units of the SVG's view box."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 30
MAX_TICKS = 5


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One curve: a point for each epoch."""

    name: str
    points: tuple[tuple[float, float], ...]
    last: float
    """The value of the last epoch."""

    @property
    def path(self) -> str:
        """The points of an SVG polyline."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True)
class Chart:
    """Curves over the epochs of a training."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    best: float | None
    """Position of the epoch whose weights were kept; None if there is only one."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def epoch_chart(title: str, curves: Mapping[str, Sequence[float]], best: int) -> Chart:
    """A chart of curves of equal length, over epochs counted from 1.

    Args:
        title: what the curves show, with its unit if it has one.
        curves: the values of each epoch, by the name of the curve.
        best: number of the epoch whose weights were kept.
    """
    epochs = len(next(iter(curves.values())))
    values = [value for curve in curves.values() for value in curve]
    steps = list(_round_steps(min(values), max(values)))
    low, high = steps[0], steps[-1]

    def x(epoch: float) -> float:
        return LEFT + (WIDTH - RIGHT - LEFT) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low)

    def line(name: str, curve: Sequence[float]) -> Line:
        return Line(name, tuple((x(epoch), y(value)) for epoch, value in enumerate(curve, 1)), curve[-1])

    every = max(1, math.ceil(epochs / 10))
    return Chart(
        title,
        tuple(line(name, curve) for name, curve in curves.items()),
        tuple(Tick(x(epoch), str(epoch)) for epoch in range(1, epochs + 1) if (epoch - 1) % every == 0),
        tuple(Tick(y(step), f"{step:g}") for step in steps),
        x(best) if epochs > 1 else None,
    )


def _round_steps(low: float, high: float) -> Iterator[float]:
    """Round numbers at equal distances that enclose all values."""
    span = (high - low) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / MAX_TICKS))
    step = next(factor * magnitude for factor in (1, 2, 5, 10, 20) if span <= factor * magnitude * MAX_TICKS)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return (round(number * step, 10) for number in range(first, max(last, first + 1) + 1))
