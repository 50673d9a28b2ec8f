"""`python -m benchmarks.capacity`: a peak, at growing sizes of the marketplace, as docs/capacity.md has it.

It measures nothing: it reckons from the figures below, and is done in a second.
"""

from collections.abc import Callable

from benchmarks.capacity.model import Costs, Demand, Shape, rate, simulate

# Seconds of processor time. Measured: a booking over HTTP (docs/benchmarks.md: product 505 µs, PostgreSQL 198 µs); an
# event taken into all read models (there: 20 µs of one projector, 23 µs of PostgreSQL); PostgreSQL's part of a search
# for listings (5.3 ms). Estimated from what they take over HTTP: a search's part in the process, a poll's two parts.
MEASURED = Costs(command=(505e-6, 198e-6), event=(20e-6, 23e-6), search=(3.9e-3, 5.3e-3), poll=(160e-6, 35e-6))
NAMES = {"command": "commands", "event": "events projected", "search": "searches", "poll": "polls"}
A_BOOKING = 5.0
"""Events from a request to the check-out."""
QUIET, PEAK, LENGTH = 0.25, 1.0, 1_800
"""Share of the peak's demand before and after it; seconds of the peak."""


def peak(top: Demand) -> Callable[[int], Demand]:
    """Ten quiet minutes, half an hour of peak, and quiet again."""

    def demand(at: int) -> Demand:
        share = PEAK if 600 <= at < 600 + LENGTH else QUIET
        return Demand(top.commands * share, top.searches * share, top.polls * share)

    return demand


SIZES = {
    "1×: one machine of 2 cores": (Shape(1, 1, 2.0, cores=2.0), Demand(60, 5, 20)),
    "10×: the same machine": (Shape(1, 1, 2.0, cores=2.0), Demand(600, 50, 200)),
    "30×: the same machine": (Shape(1, 1, 2.0, cores=2.0), Demand(1_800, 150, 600)),
    "30×: PostgreSQL of 8 cores, searches elsewhere": (Shape(3, 1, 8.0), Demand(1_800, 0, 600)),
    "100×: the same, 6 API processes": (Shape(6, 1, 8.0), Demand(6_000, 0, 2_000)),
    "300×: 16 API processes, one projector works": (Shape(16, 1, 8.0), Demand(18_000, 0, 6_000)),
    "300×: the same, 4 projectors share": (Shape(16, 4, 8.0), Demand(18_000, 0, 6_000)),
    "1000×: PostgreSQL of 32 cores, 6 projectors": (Shape(50, 6, 32.0), Demand(60_000, 0, 20_000)),
    "1000×: one of 8 cells, PostgreSQL of 8 cores each": (Shape(8, 2, 8.0), Demand(7_500, 0, 2_500)),
}


def main() -> None:
    """Print both tables."""
    one = Shape(1, 1, 1.0)
    print("| a second | one process | with its part of PostgreSQL on the same core |\n|---|---:|---:|")
    for name, several in NAMES.items():
        own, base = getattr(MEASURED, name)
        print(f"| {several} | {1 / own:,.0f} | {rate((own, base), 1, one):,.0f} |")
    print("\n| size | commands/s wanted | done/s | refused | most events behind | longest lag, s | PostgreSQL busy |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, (shape, top) in SIZES.items():
        told = simulate(MEASURED, shape, peak(top), 600 + LENGTH + 1_200, events_per_command=A_BOOKING)
        at_peak = told[600 : 600 + LENGTH]
        done = sum(second.commands for second in at_peak) / LENGTH
        refused = sum(second.refused for second in told)
        behind, lag = max(second.behind for second in told), max(second.lag for second in told)
        busy = max(second.database for second in told)
        print(f"| {name} | {top.commands:,} | {done:,.0f} | {refused:,.0f} | {behind:,.0f} | {lag:,.0f} | {busy:.0%} |")


if __name__ == "__main__":
    main()
