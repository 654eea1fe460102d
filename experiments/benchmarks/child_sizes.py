"""Parameters and multiply-adds of the child presets, as they are counted without building anything, against the paper.

    .venv/bin/python experiments/benchmarks/child_sizes.py

Takes a second. Published figures: Liu et al. 2018, tables 3 (CIFAR-10), 4 and 5 (ImageNet), which leave the auxiliary
head out, as this table does but for its last column. The released ImageNet networks have 1,001 outputs.
"""

import argparse
import time

from common import print_machine, print_table

from pnas.children import NetworkSpec, count_network
from pnas.state_space.named_cells import PRESETS

IMAGENET = {"stem": "imagenet", "bn_momentum": 0.9997, "bn_epsilon": 1e-3}
CIFAR = NetworkSpec(repeats=3, filters=48)
MOBILE = NetworkSpec(stem_multiplier=1, repeats=3, filters=54, **IMAGENET)
LARGE = NetworkSpec(stem_multiplier=3, repeats=4, filters=216, **IMAGENET)
NETWORKS = (
    ("cifar (N=3, F=48)", CIFAR, 32, 10, "3.2 M", "not given"),
    ("imagenet_mobile (N=3, F=54)", MOBILE, 224, 1001, "5.1 M", "588 M"),
    ("imagenet_large (N=4, F=216)", LARGE, 331, 1001, "86.1 M", "25.0 B"),
)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    rows = []
    cell = PRESETS["pnasnet5"]
    for name, network, size, classes, params, madds in NETWORKS:
        start = time.perf_counter()
        counts = count_network(cell, network, (size, size, 3), classes)
        seconds = time.perf_counter() - start
        head = (
            count_network(cell, network, (size, size, 3), classes, aux_head=True).params
            - counts.params
        )
        rows.append((name, str(size), f"{counts.params:,}", params, f"{counts.flops / 1e6:,.1f} M", madds,
                     f"{head:,}", f"{1e3 * seconds:.1f}"))  # fmt: skip
    header = (
        "child, cell pnasnet5",
        "pixels",
        "parameters",
        "paper",
        "multiply-adds",
        "paper",
        "auxiliary head",
        "ms",
    )
    print_table(header, rows)
    print_machine()


if __name__ == "__main__":
    main()
