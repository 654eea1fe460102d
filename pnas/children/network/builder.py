"""The network around a cell, written once against `pnas.children.network.layers.Layers`.

Rules are those of the released networks (tensorflow/models, slim: ``nasnet_utils.py``, ``nasnet.py``,
``pnasnet.py``). Parts that nothing reads (the projection of an earlier cell that no operator reads, or a whole cell
that later ones look past) are not built: they could neither learn nor contribute.
"""

from collections.abc import Iterable
from typing import Generic, NamedTuple

from pnas.children.network.layers import Layers, Shape, T
from pnas.children.network.operator_layers import apply_operator, conv_bn, factorized_reduction
from pnas.children.spec import NetworkSpec
from pnas.errors import InvalidValue, require
from pnas.state_space import Block, Cell
from pnas.state_space.operator_patterns import OperatorKind, parse_operator

IMAGENET_WIDTH = 32
"""Filters of the ImageNet stem's convolution, times the stem multiplier."""
AUX_POOL = 5
AUX_WIDTHS = (128, 768)
"""Of the auxiliary head: side of its pooling window, filters of its convolutions."""


class CellPlan(NamedTuple):
    """Width and stride of one cell of the network."""

    filters: int
    stride: int


class Heads(NamedTuple, Generic[T]):
    """Class logits: the network's, and those of the auxiliary head, if it was asked for."""

    logits: T
    aux_logits: T | None


def stem_filters(network: NetworkSpec) -> int:
    """Filters of the stem's convolution."""
    return network.stem_multiplier * (
        IMAGENET_WIDTH if network.has_imagenet_stem else network.filters
    )


def cell_plans(network: NetworkSpec) -> list[CellPlan]:
    """The cells of ``network``, first to last, those of its stem included; filters double at reductions."""
    n = network.repeats
    filters = network.filters
    if network.kind == "flat":
        return [CellPlan(filters, 2), CellPlan(2 * filters, 2)]
    stem = (
        [CellPlan(filters // 4, 2), CellPlan(filters // 2, 2)] if network.has_imagenet_stem else []
    )
    return stem + [
        CellPlan(filters * 2 ** (c // n), 2 if c in (n, 2 * n) else 1) for c in range(3 * n)
    ]


def smallest_image(network: NetworkSpec) -> int:
    """Pixels that an image must be high and wide for every reduction to have two pixels to reduce."""
    smallest = 2 ** (sum(plan.stride == 2 for plan in cell_plans(network)) - 1) + 1
    return 2 * smallest + 1 if network.has_imagenet_stem else smallest


def check_image(network: NetworkSpec, image_shape: Shape) -> None:
    """Raise `InvalidValue` unless every reduction of ``network`` has at least two pixels to reduce."""
    smallest = smallest_image(network)
    reductions = sum(plan.stride == 2 for plan in cell_plans(network)) + network.has_imagenet_stem
    rule = f"images must be at least {smallest} pixels high and wide for the {reductions} reductions of a child"
    require(min(image_shape[:2]) >= smallest, "data", rule, tuple(image_shape))


def build_network(
    layers: Layers[T],
    image: T,
    cell: Cell,
    network: NetworkSpec,
    num_classes: int,
    aux_head: bool = False,
) -> Heads[T]:
    """Class logits of ``image`` under the child that stacks ``cell``.

    Args:
        aux_head: add the auxiliary head before the second reduction. It is made last, so that the layers of the
            network are made in the same order with it as without.

    Raises:
        InvalidValue: images too small for the network's reductions or for the auxiliary head, an operator that is not
            one, or a cell that is not made of `Block`s which read earlier cells and blocks.
    """
    check_image(network, layers.shape(image))
    check_blocks(cell)
    return _Network(layers, cell, network).heads(image, num_classes, aux_head)


def check_blocks(cell: Cell) -> None:
    """Raise `InvalidValue` unless ``cell`` is made of blocks that read earlier cells or blocks."""
    for b, block in enumerate(cell.blocks):
        rule = f"block {b} must be (input, operator, input, operator) with inputs below {b}"
        is_legal = isinstance(block, Block) and max(block.input1, block.input2) < b
        require(is_legal, "cell", rule, str(cell))


class _Network(Generic[T]):
    """The state of one walk through the network: outputs of the cells so far by index; -1 is the stem."""

    def __init__(self, layers: Layers[T], cell: Cell, network: NetworkSpec) -> None:
        self._layers = layers
        self._blocks = [block for block in cell.blocks if isinstance(block, Block)]
        self._network = network
        self._plans = cell_plans(network)
        self._outputs: dict[int, T] = {}

    def heads(self, image: T, num_classes: int, aux_head: bool) -> Heads[T]:
        layers = self._layers
        self._outputs[-1] = self._stem(image)
        for c in _live(len(self._plans), self._look_backs()):
            self._outputs[c] = self._cell(c)
        features = layers.global_pool(layers.relu(self._outputs[len(self._plans) - 1]))
        logits = layers.dense(layers.dropout(features), num_classes, "logits")
        return Heads(logits, self._aux_logits(num_classes) if aux_head else None)

    def _stem(self, image: T) -> T:
        network = self._network
        layers = self._layers
        if network.kind == "flat":
            return image
        if network.has_imagenet_stem:
            filters = stem_filters(network)
            return layers.batch_norm(layers.conv(image, filters, 3, 2, padding="valid"))
        return conv_bn(layers, image, stem_filters(network), 3)

    def _aux_logits(self, num_classes: int) -> T:
        """The auxiliary head, on the last cell before the second reduction that is built."""
        layers = self._layers
        x = layers.relu(self._outputs[self._aux_cell()])
        height, width, _ = layers.shape(x)
        rule = f"must be 0 here: the auxiliary head needs {AUX_POOL}x{AUX_POOL} pixels before the second reduction"
        require(
            min(height, width) >= AUX_POOL, "trainer.aux_weight", rule, f"{height}x{width} pixels"
        )
        x = layers.avg_pool(x, AUX_POOL, 3, padding="valid")
        x = layers.relu(conv_bn(layers, x, AUX_WIDTHS[0], 1))
        height, width, _ = layers.shape(x)
        x = layers.batch_norm(layers.conv(x, AUX_WIDTHS[1], (height, width), padding="valid"))
        return layers.dense(layers.global_pool(layers.relu(x)), num_classes, "aux_logits")

    def _aux_cell(self) -> int:
        reductions = [c for c, plan in enumerate(self._plans) if plan.stride == 2]
        before = [c for c in self._outputs if 0 <= c < reductions[-1]]
        if not before:
            rule = "must be 0 here: no cell before the second reduction is built, later ones look past them"
            raise InvalidValue("trainer.aux_weight", rule, str(self._blocks))
        return max(before)

    def _look_backs(self) -> list[int]:
        inputs = {i for block in self._blocks for i in (block.input1, block.input2)}
        return sorted((i for i in inputs if i < 0), reverse=True)

    def _cell(self, c: int) -> T:
        values = {i: self._input(c, i) for i in self._look_backs()}
        for b, block in enumerate(self._blocks):
            left = self._apply(c, values, block.input1, block.operator1)
            right = self._apply(c, values, block.input2, block.operator2)
            values[b] = self._layers.add(left, right)
        outputs = [values[b] for b in output_blocks(self._blocks, self._network.concat)]
        return self._layers.concat(outputs) if len(outputs) > 1 else outputs[0]

    def _apply(self, c: int, values: dict[int, T], source: int, operator: str) -> T:
        filters, stride = self._plans[c]
        result = apply_operator(
            self._layers, values[source], operator, filters, stride if source < 0 else 1
        )
        if parse_operator(operator).kind is OperatorKind.IDENTITY:
            return result
        return self._layers.drop_path(result, (c + 1) / len(self._plans))

    def _input(self, c: int, look_back: int) -> T:
        """What cell ``c`` sees of an earlier cell; before the first one there is the stem, again."""
        layers = self._layers
        filters = self._plans[c].filters
        x = self._outputs[max(c + look_back, -1)]
        if look_back == -1:
            return (
                x if self._network.kind == "flat" else conv_bn(layers, layers.relu(x), filters, 1)
            )
        if c == 0:
            return x
        target = layers.shape(self._outputs[-1])[:2]
        for plan in self._plans[:c]:
            target = (-(-target[0] // plan.stride), -(-target[1] // plan.stride))
        while layers.shape(x)[:2] != target:
            x = factorized_reduction(layers, x, filters)
        return x if layers.shape(x)[2] == filters else conv_bn(layers, layers.relu(x), filters, 1)


def output_blocks(blocks: list[Block], concat: str) -> list[int]:
    """Indices of the blocks whose outputs make the cell's output."""
    read = (
        {i for block in blocks for i in (block.input1, block.input2)}
        if concat == "unused"
        else set()
    )
    return [b for b in range(len(blocks)) if b not in read]


def _live(cells: int, look_backs: Iterable[int]) -> list[int]:
    """Indices of the cells that the last one depends on, in order."""
    live = {cells - 1}
    for c in reversed(range(cells)):
        if c in live:
            live |= {c + look_back for look_back in look_backs if c + look_back >= 0}
    return sorted(live)
