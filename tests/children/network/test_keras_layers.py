"""The built network: its size is the counted one, and its shapes are those of the method."""

import ast
import importlib
import math
from pathlib import Path

import keras
import numpy as np
import pytest

from pnas.children import FlatNetworkSpec, NetworkSpec, PNASNetworkSpec, count_network
from pnas.children.network.builder import build_network, smallest_image
from pnas.children.network.keras_layers import KerasLayers, build_model
from pnas.children.network.layers import Shape
from pnas.state_space import PAPER_OPERATORS, Cell

OPERATORS = (*PAPER_OPERATORS, "3x3 conv", "1x1 conv")


def random_cell(rng: np.random.Generator, blocks: int, look_back: int = -2) -> Cell:
    """Return a cell whose blocks read cells back to ``look_back``."""
    rows = []
    for block in range(blocks):
        row: list[int | str] = []
        for _ in range(2):
            row.append(int(rng.integers(look_back, block)))
            row.append(OPERATORS[rng.integers(len(OPERATORS))])
        rows.append(tuple(row))
    return Cell(rows)


def random_network(rng: np.random.Generator) -> NetworkSpec:
    concat = str(rng.choice(["all", "unused"]))
    filters = int(rng.integers(4, 8))
    if rng.random() < 1 / 3:
        return FlatNetworkSpec(filters=filters, concat=concat)
    return PNASNetworkSpec(
        filters=filters,
        concat=concat,
        stem=str(rng.choice(["cifar", "cifar", "imagenet"])),
        stem_multiplier=int(rng.integers(1, 4)),
        repeats=int(rng.integers(1, 3)),
    )


def built(cell: Cell, network: NetworkSpec, shape: Shape, **options: str) -> keras.Model:
    # Without variables: these tests need shapes only.
    with keras.StatelessScope(initialize_variables=False):
        return build_model(cell, network, shape, 10, **options)


def sizes(model: keras.Model) -> tuple[int, int]:
    """Return trainable parameters and multiply-adds of ``model``, from its built layers."""
    params = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    madds = 0
    for layer in model.layers:
        for variable in layer.trainable_variables:
            if "kernel" in variable.name:
                positions = math.prod(layer.output.shape[1:-1])
                madds += positions * math.prod(variable.shape)
    return params, madds


@pytest.mark.parametrize("seed", range(12))
def test_counts_equal_the_built_model_for_random_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    look_back = int(rng.choice([-1, -2, -3, -4]))
    cell = random_cell(rng, blocks=int(rng.integers(1, 4)), look_back=look_back)
    network = random_network(rng)
    smallest = smallest_image(network)
    height = int(rng.integers(smallest, smallest + 17))
    width = int(rng.integers(smallest, smallest + 17))
    shape = (height, width, int(rng.integers(1, 4)))

    model = built(cell, network, shape)
    assert count_network(cell, network, shape, 10) == sizes(model), (cell, network)


@pytest.mark.parametrize("operator", OPERATORS)
def test_counts_equal_the_built_model_for_every_operator(operator: str) -> None:
    cell = Cell([(-2, operator, -1, operator), (0, operator, -2, "identity")])
    network = PNASNetworkSpec(filters=3)
    model = built(cell, network, (7, 9, 2))
    assert count_network(cell, network, (7, 9, 2), 10) == sizes(model)


@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
@pytest.mark.parametrize("repeats", [1, 2])
def test_counts_equal_the_built_model_with_its_auxiliary_head(stem: str, repeats: int) -> None:
    rng = np.random.default_rng(repeats)
    cell = random_cell(rng, blocks=2, look_back=-1)
    network = PNASNetworkSpec(stem=stem, repeats=repeats, filters=4)
    shape = (int(rng.integers(70, 90)), 80, 3)

    with keras.StatelessScope(initialize_variables=False):
        image = keras.Input(shape)
        heads = build_network(KerasLayers(network), image, cell, network, 7, aux_head=True)
        model = keras.Model(image, [heads.logits, heads.aux_logits])
    assert count_network(cell, network, shape, 7, aux_head=True) == sizes(model)


def test_sizes_halve_and_filters_double_at_the_reductions() -> None:
    cell = Cell([(-2, "3x3 conv", -1, "identity")])
    model = built(cell, PNASNetworkSpec(repeats=2, filters=4), (9, 9, 1))
    shapes = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Add):
            shapes.append(layer.output.shape[1:])
    assert shapes == [(9, 9, 4)] * 2 + [(5, 5, 8)] * 2 + [(3, 3, 16)] * 2


@pytest.mark.parametrize(("concat", "width"), [("all", 32), ("unused", 16)])
def test_blocks_are_added_and_outputs_concatenated(concat: str, width: int) -> None:
    cell = Cell([(-2, "3x3 conv", -1, "identity"), (0, "3x3 maxpool", -1, "identity")])
    model = built(cell, PNASNetworkSpec(filters=4, concat=concat), (8, 8, 1))
    dense = model.layers[-1]
    assert dense.input.shape[-1] == width


def test_half_precision_activations_and_float32_logits() -> None:
    cell = Cell([(-2, "3x3 dconv", -1, "identity")])
    model = built(cell, PNASNetworkSpec(), (8, 8, 1), mixed_precision="bfloat16")
    assert model.output.dtype == "float32"
    assert {layer.compute_dtype for layer in model.layers[1:-1]} == {"bfloat16"}
    assert {variable.dtype for variable in model.weights} == {"float32"}


@pytest.mark.parametrize(
    "module",
    [
        "network.builder",
        "network.operator_layers",
        "network.keras_layers",
        "search_training.fast_layers",
    ],
)
def test_the_builder_imports_no_tensorflow_by_itself(module: str) -> None:
    """Where Keras runs on JAX there may be none (experiments/benchmarks/jax_agreement.py)."""
    imported = importlib.import_module(f"pnas.children.{module}")
    tree = ast.parse(Path(imported.__file__ or "").read_text())
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert "tensorflow" not in ast.unparse(node)
