"""Parameters and multiply-adds of the child presets, counted without building, against the paper.

    .venv/bin/python experiments/benchmarks/child_sizes.py

Takes a second. Published figures: Liu et al. 2018, tables 3 (CIFAR-10), 4 and 5 (ImageNet). They
leave the auxiliary head out, as this table does but for its own column. The released ImageNet
networks have 1,001 outputs.
"""

from typing import NamedTuple

from common import clock, make_parser, print_machine, print_table

from pnas.children import NetworkSpec, PNASNetworkSpec, count_network
from pnas.state_space.named_cells import PRESETS

IMAGENET = {"stem": "imagenet", "bn_momentum": 0.9997, "bn_epsilon": 1e-3}


class Preset(NamedTuple):
    """A network of conf/child, its data, and what the paper says of it."""

    name: str
    network: NetworkSpec
    pixels: int
    classes: int
    published_params: str
    published_madds: str


PRESET_NETWORKS = (
    Preset(
        name="cifar (N=3, F=48)",
        network=PNASNetworkSpec(repeats=3, filters=48),
        pixels=32,
        classes=10,
        published_params="3.2 M",
        published_madds="not given",
    ),
    Preset(
        name="imagenet_mobile (N=3, F=54)",
        network=PNASNetworkSpec(stem_multiplier=1, repeats=3, filters=54, **IMAGENET),
        pixels=224,
        classes=1001,
        published_params="5.1 M",
        published_madds="588 M",
    ),
    Preset(
        name="imagenet_large (N=4, F=216)",
        network=PNASNetworkSpec(stem_multiplier=3, repeats=4, filters=216, **IMAGENET),
        pixels=331,
        classes=1001,
        published_params="86.1 M",
        published_madds="25.0 B",
    ),
)


def main() -> None:
    make_parser(__doc__).parse_args()
    rows = [measure(preset) for preset in PRESET_NETWORKS]
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


def measure(preset: Preset) -> tuple[str, ...]:
    """Return the row of one preset."""
    cell = PRESETS["pnasnet5"]
    shape = (preset.pixels, preset.pixels, 3)
    with clock() as timing:
        counts = count_network(cell, preset.network, shape, preset.classes)
    with_head = count_network(cell, preset.network, shape, preset.classes, aux_head=True)
    return (
        preset.name,
        str(preset.pixels),
        f"{counts.params:,}",
        preset.published_params,
        f"{counts.flops / 1e6:,.1f} M",
        preset.published_madds,
        f"{with_head.params - counts.params:,}",
        f"{1e3 * timing.wall:.1f}",
    )


if __name__ == "__main__":
    main()
