import ast
import importlib
import math
from pathlib import Path

import keras
import numpy as np
import pytest

from pnas.children import NetworkSpec, count_network
from pnas.children.network.builder import build_network, smallest_image
from pnas.children.network.keras_layers import KerasLayers, build_model
from pnas.state_space import PAPER_OPERATORS, Cell

OPERATORS = (*PAPER_OPERATORS, "3x3 conv", "1x1 conv")


def random_cell(rng: np.random.Generator, blocks: int, look_back: int = -2) -> Cell:
    return Cell(
        tuple(
            part
            for _ in range(2)
            for part in (int(rng.integers(look_back, b)), OPERATORS[rng.integers(len(OPERATORS))])
        )
        for b in range(blocks)
    )


def built(
    cell: Cell, network: NetworkSpec, shape: tuple[int, int, int], **options: str
) -> keras.Model:
    with keras.StatelessScope(initialize_variables=False):  # shapes are all these tests need
        return build_model(cell, network, shape, 10, **options)


def trainable(model: keras.Model) -> int:
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def multiply_adds(model: keras.Model) -> int:
    """Sizes of kernels times the positions they are applied to, from the built layers."""
    total = 0
    for layer in model.layers:
        kernels = [v for v in layer.trainable_variables if "kernel" in v.name]
        positions = math.prod(layer.output.shape[1:-1]) if kernels else 0
        total += positions * sum(math.prod(kernel.shape) for kernel in kernels)
    return total


@pytest.mark.parametrize("seed", range(12))
def test_counts_equal_the_built_model_for_random_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = random_cell(rng, int(rng.integers(1, 4)), look_back=int(rng.choice([-1, -2, -3, -4])))
    network = NetworkSpec(
        kind=str(rng.choice(["pnas", "pnas", "flat"])),
        stem=str(rng.choice(["cifar", "cifar", "imagenet"])),
        stem_multiplier=int(rng.integers(1, 4)),
        repeats=int(rng.integers(1, 3)),
        filters=int(rng.integers(4, 8)),
        concat=str(rng.choice(["all", "unused"])),
    )
    smallest = smallest_image(network)
    height, width = (int(side) for side in rng.integers(smallest, smallest + 17, 2))
    shape = (height, width, int(rng.integers(1, 4)))
    model = built(cell, network, shape)
    assert count_network(cell, network, shape, 10) == (trainable(model), multiply_adds(model)), (
        cell,
        network,
    )


@pytest.mark.parametrize("operator", OPERATORS)
def test_counts_equal_the_built_model_for_every_operator(operator: str) -> None:
    cell = Cell([(-2, operator, -1, operator), (0, operator, -2, "identity")])
    model = built(cell, NetworkSpec(filters=3), (7, 9, 2))
    assert count_network(cell, NetworkSpec(filters=3), (7, 9, 2), 10) == (
        trainable(model),
        multiply_adds(model),
    )


@pytest.mark.parametrize("seed", range(4))
def test_counts_equal_the_built_model_with_its_auxiliary_head(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = random_cell(rng, 2, look_back=-1)
    network = NetworkSpec(stem=("cifar", "imagenet")[seed % 2], repeats=1 + seed // 2, filters=4)
    shape = (int(rng.integers(70, 90)), 80, 3)
    with keras.StatelessScope(initialize_variables=False):
        image = keras.Input(shape)
        heads = build_network(KerasLayers(network), image, cell, network, 7, aux_head=True)
        model = keras.Model(image, [heads.logits, heads.aux_logits])
    assert count_network(cell, network, shape, 7, aux_head=True) == (
        trainable(model),
        multiply_adds(model),
    )


def test_sizes_halve_and_filters_double_at_the_reductions() -> None:
    model = built(
        Cell([(-2, "3x3 conv", -1, "identity")]), NetworkSpec(repeats=2, filters=4), (9, 9, 1)
    )
    sums = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert sums == [(9, 9, 4)] * 2 + [(5, 5, 8)] * 2 + [(3, 3, 16)] * 2


def test_blocks_are_added_and_outputs_concatenated() -> None:
    cell = Cell([(-2, "3x3 conv", -1, "identity"), (0, "3x3 maxpool", -1, "identity")])
    widths = {
        concat: built(cell, NetworkSpec(filters=4, concat=concat), (8, 8, 1))
        .layers[-1]
        .input.shape[-1]
        for concat in ("all", "unused")
    }
    assert widths == {"all": 32, "unused": 16}


def test_half_precision_activations_and_float32_logits() -> None:
    model = built(
        Cell([(-2, "3x3 dconv", -1, "identity")]),
        NetworkSpec(),
        (8, 8, 1),
        mixed_precision="bfloat16",
    )
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
    """Where Keras runs on JAX there may be none; experiments/benchmarks/jax_agreement.py builds and trains there."""
    tree = ast.parse(
        Path(importlib.import_module(f"pnas.children.{module}").__file__ or "").read_text()
    )
    imported = [
        ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not [line for line in imported if "tensorflow" in line]
