"""``python -m benchmarks.faults``: kill operations, feed hostile inputs, and count what is lost or escapes.

Takes about half an hour with the default counts; ``--kills 3 --pdfs 50 --servers 20 --images 5000`` is a quick look.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter

from rich.console import Console
from rich.table import Table

from benchmarks.faults.inputs import Inputs, damaged_images, hostile_pdfs, hostile_servers
from benchmarks.faults.kills import Kills, measure_kills


def main() -> int:
    """Run everything, print two tables, and return 1 if anything was lost or escaped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25, help="kills of each operation")
    parser.add_argument("--pdfs", type=int, default=500, help="mutated PDFs")
    parser.add_argument("--servers", type=int, default=200, help="broken answers of a server")
    parser.add_argument("--images", type=int, default=100_000, help="mutated images")
    options = parser.parse_args()
    inputs = [
        damaged_images(options.images, os.cpu_count() or 1),
        hostile_pdfs(options.pdfs),
        hostile_servers(options.servers),
    ]
    killed = list(measure_kills(options.kills))
    console = Console(width=120)
    console.print(_kills_table(killed))
    console.print(_inputs_table(inputs))
    return int(any(each.silent or each.different for each in killed) or any(each.escaped for each in inputs))


def _kills_table(killed: list[Kills]) -> Table:
    table = Table("killed operation", "kills", "still running", "no answer", "different afterwards")
    for each in killed:
        table.add_row(each.operation, str(each.tries), str(each.interrupted), str(each.silent), str(each.different))
    return table


def _inputs_table(inputs: list[Inputs]) -> Table:
    table = Table("input", "count", "seconds", "outcomes", "escaped")
    for each in inputs:
        table.add_row(each.kind, f"{each.count:,}", f"{each.seconds:.0f}", _counts(each.outcomes), _counts(each.escaped) or "0")
    return table


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common() if count)


if __name__ == "__main__":
    sys.exit(main())
