"""The network around a cell, written once against `pnas.children.network.layers.Layers`.

The rules are those of the released networks (tensorflow/models, slim: ``nasnet_utils.py``,
``nasnet.py``, ``pnasnet.py``). Parts that nothing reads are not built, because they could neither
learn nor contribute: the projection of an earlier cell that no operator reads, or a whole cell that
later ones look past.
"""

from collections.abc import Iterable
from typing import Generic, NamedTuple

from pnas.children.network.layers import Layers, Shape, T
from pnas.children.network.operator_layers import apply_operator, conv_bn, factorized_reduction
from pnas.children.network_specs import CellPlan, NetworkSpec
from pnas.errors import InvalidValue, require
from pnas.state_space import Block, Cell
from pnas.state_space.operator_patterns import OperatorKind, parse_operator

AUX_POOL = 5
"""Side of the window that the auxiliary head pools over."""

AUX_FILTERS = (128, 768)
"""Filters of the two convolutions of the auxiliary head."""

_STEM = -1
"""Index of the stem among the outputs of cells, which count from 0."""


class Heads(NamedTuple, Generic[T]):
    """The outputs of a network.

    Attributes:
        logits: Class logits.
        aux_logits: Class logits of the auxiliary head; None without one.
    """

    logits: T
    aux_logits: T | None


def smallest_image(network: NetworkSpec) -> int:
    """Return the smallest height and width for which every reduction has two pixels to reduce."""
    reductions = len(_reductions(network.cell_plans()))
    smallest = 2 ** (reductions - 1) + 1
    if network.has_imagenet_stem:
        return 2 * smallest + 1
    return smallest


def check_image(network: NetworkSpec, image_shape: Shape) -> None:
    """Check that every reduction of ``network`` has at least two pixels to reduce.

    Raises:
        InvalidValue: Images that are too small.
    """
    smallest = smallest_image(network)
    reductions = len(_reductions(network.cell_plans())) + network.has_imagenet_stem
    rule = (
        f"images must be at least {smallest} pixels high and wide "
        f"for the {reductions} reductions of a child"
    )
    require(min(image_shape[:2]) >= smallest, "data", rule, tuple(image_shape))


def build_network(
    layers: Layers[T],
    image: T,
    cell: Cell,
    network: NetworkSpec,
    num_classes: int,
    aux_head: bool = False,
) -> Heads[T]:
    """Return the class logits of ``image`` under the child that stacks ``cell``.

    Args:
        layers: Makes and applies the layers.
        image: Batch of images.
        cell: Cell to stack.
        network: Settings of the network around it.
        num_classes: Number of classes.
        aux_head: Whether to add the auxiliary head before the second reduction. It is made last, so
            that the layers of the network are made in the same order with it as without it.

    Raises:
        InvalidValue: Images too small for the reductions or the auxiliary head, an unknown
            operator, or a cell that is not made of `Block`s that read earlier cells and blocks.
    """
    check_image(network, layers.shape(image))
    check_blocks(cell)
    return _NetworkBuilder(layers, cell, network).heads(image, num_classes, aux_head)


def check_blocks(cell: Cell) -> None:
    """Check that ``cell`` is made of blocks that read earlier cells or blocks.

    Raises:
        InvalidValue: The first block that is not.
    """
    for index, block in enumerate(cell.blocks):
        rule = f"block {index} must be (input, operator, input, operator) with inputs below {index}"
        is_legal = isinstance(block, Block) and max(block.input1, block.input2) < index
        require(is_legal, "cell", rule, str(cell))


def output_blocks(blocks: list[Block], concat: str) -> list[int]:
    """Return the indices of the blocks whose outputs make the output of the cell."""
    if concat == "all":
        return list(range(len(blocks)))
    read = _inputs(blocks)
    return [index for index in range(len(blocks)) if index not in read]


class _NetworkBuilder(Generic[T]):
    """One walk through the network, first cell to last.

    Attributes:
        _outputs: Outputs of the cells built so far, by index; that of the stem is at -1.
    """

    def __init__(self, layers: Layers[T], cell: Cell, network: NetworkSpec) -> None:
        self._layers = layers
        self._blocks = [block for block in cell.blocks if isinstance(block, Block)]
        self._network = network
        self._plans = network.cell_plans()
        self._outputs: dict[int, T] = {}

    def heads(self, image: T, num_classes: int, aux_head: bool) -> Heads[T]:
        layers = self._layers
        self._outputs[_STEM] = self._stem(image)
        for index in _live_cells(len(self._plans), self._look_backs()):
            self._outputs[index] = self._cell(index)

        last = self._outputs[len(self._plans) - 1]
        features = layers.global_pool(layers.relu(last))
        logits = layers.dense(layers.dropout(features), num_classes, "logits")
        aux_logits = self._aux_logits(num_classes) if aux_head else None
        return Heads(logits, aux_logits)

    def _stem(self, image: T) -> T:
        network = self._network
        layers = self._layers
        if not network.has_stem:
            return image
        filters = network.stem_filters()
        if network.has_imagenet_stem:
            return layers.batch_norm(layers.conv(image, filters, 3, 2, padding="valid"))
        return conv_bn(layers, image, filters, 3)

    def _aux_logits(self, num_classes: int) -> T:
        """Return the logits of the auxiliary head.

        It is on the last cell before the second reduction that is built.
        """
        layers = self._layers
        x = layers.relu(self._outputs[self._aux_cell()])
        height, width, _ = layers.shape(x)
        rule = (
            f"must be 0 here: the auxiliary head needs {AUX_POOL}x{AUX_POOL} pixels "
            "before the second reduction"
        )
        is_large_enough = min(height, width) >= AUX_POOL
        require(is_large_enough, "trainer.aux_weight", rule, f"{height}x{width} pixels")

        filters1, filters2 = AUX_FILTERS
        x = layers.avg_pool(x, AUX_POOL, 3, padding="valid")
        x = layers.relu(conv_bn(layers, x, filters1, 1))
        height, width, _ = layers.shape(x)
        x = layers.batch_norm(layers.conv(x, filters2, (height, width), padding="valid"))
        return layers.dense(layers.global_pool(layers.relu(x)), num_classes, "aux_logits")

    def _aux_cell(self) -> int:
        last_reduction = _reductions(self._plans)[-1]
        before = [index for index in self._outputs if 0 <= index < last_reduction]
        if not before:
            rule = (
                "must be 0 here: no cell before the second reduction is built, "
                "later ones look past them"
            )
            raise InvalidValue("trainer.aux_weight", rule, str(self._blocks))
        return max(before)

    def _look_backs(self) -> list[int]:
        """Return the inputs that are earlier cells, -1 first."""
        look_backs = [source for source in _inputs(self._blocks) if source < 0]
        return sorted(look_backs, reverse=True)

    def _cell(self, index: int) -> T:
        layers = self._layers
        values: dict[int, T] = {}
        for look_back in self._look_backs():
            values[look_back] = self._input(index, look_back)

        for number, block in enumerate(self._blocks):
            left = self._apply(index, values, block.input1, block.operator1)
            right = self._apply(index, values, block.input2, block.operator2)
            values[number] = layers.add(left, right)

        outputs = [values[number] for number in output_blocks(self._blocks, self._network.concat)]
        if len(outputs) == 1:
            return outputs[0]
        return layers.concat(outputs)

    def _apply(self, index: int, values: dict[int, T], source: int, operator: str) -> T:
        """Return ``operator`` applied to one of the ``values`` inside cell ``index``."""
        plan = self._plans[index]
        # Only operators on earlier cells reduce; the cell's own blocks are small already.
        stride = plan.stride if source < 0 else 1
        result = apply_operator(self._layers, values[source], operator, plan.filters, stride)
        if parse_operator(operator).kind is OperatorKind.IDENTITY:
            return result
        depth = (index + 1) / len(self._plans)
        return self._layers.drop_path(result, depth)

    def _input(self, index: int, look_back: int) -> T:
        """Return an earlier cell's output as cell ``index`` reads it.

        Before the first cell there is the stem, however far back a cell looks.
        """
        layers = self._layers
        filters = self._plans[index].filters
        x = self._outputs[max(index + look_back, _STEM)]
        if look_back == -1:
            if not self._network.has_stem:
                return x
            return conv_bn(layers, layers.relu(x), filters, 1)
        if index == 0:
            return x

        target = self._input_size(index)
        while layers.shape(x)[:2] != target:
            x = factorized_reduction(layers, x, filters)
        if layers.shape(x)[2] == filters:
            return x
        return conv_bn(layers, layers.relu(x), filters, 1)

    def _input_size(self, index: int) -> tuple[int, int]:
        """Return height and width of the inputs of cell ``index``."""
        height, width, _ = self._layers.shape(self._outputs[_STEM])
        for plan in self._plans[:index]:
            # SAME padding rounds up.
            height = -(-height // plan.stride)
            width = -(-width // plan.stride)
        return height, width


def _reductions(plans: list[CellPlan]) -> list[int]:
    """Return the indices of the cells that halve height and width."""
    return [index for index, plan in enumerate(plans) if plan.stride == 2]


def _inputs(blocks: list[Block]) -> set[int]:
    """Return all inputs of ``blocks``: earlier cells (negative) and blocks."""
    inputs: set[int] = set()
    for block in blocks:
        inputs |= {block.input1, block.input2}
    return inputs


def _live_cells(count: int, look_backs: Iterable[int]) -> list[int]:
    """Return, in order, the indices of the cells that the last of ``count`` cells depends on."""
    live = {count - 1}
    for index in reversed(range(count)):
        if index not in live:
            continue
        for look_back in look_backs:
            if index + look_back >= 0:
                live.add(index + look_back)
    return sorted(live)
