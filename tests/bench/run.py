"""How fast it is, as ratios of runs side by side on this machine: `make bench`, or `run.py PART…`.

Nothing here passes or fails. The part `cluster` needs K8SAI_CONTROLPLANE_BIN, as the control plane tests do.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import cluster, evict_losses, fleet, map, screen, startup
from tests.bench.figures import Figures, table

PARTS: dict[str, Callable[[], Figures]] = {
    "startup": startup.measure,
    "fleet": fleet.measure,
    "screen": screen.measure,
    "map": map.measure,
    "cluster": cluster.measure,
    "evict_losses": evict_losses.measure,
}


def main(names: list[str]) -> int:
    """Measure the named parts, or all; print each as soon as it is known."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"there is no part {unknown[0]!r}; parts: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in names or PARTS:
        print(table(PARTS[name]()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
