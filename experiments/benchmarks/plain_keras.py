"""A child as one would train it with Keras alone: standard layers, `compile`, `fit`, `evaluate`."""

from typing import TYPE_CHECKING

from pnas.children import NetworkSpec, SearchTrainerSpec
from pnas.data import Dataset
from pnas.state_space import Cell

if TYPE_CHECKING:
    import keras


def train_plainly(
    cell: Cell, seed: int, dataset: Dataset, network: NetworkSpec, trainer: SearchTrainerSpec
) -> float:
    """Return the validation accuracy of a child that is trained by Keras's own means.

    Initial weights, batches, schedule and number of steps are those of `NetworkManager.evaluate`;
    it is validated once, at the end. Threads are Keras's default unless the process has set them.
    """
    import keras

    from pnas.children.search_training.fast_loop import epoch_batches

    keras.backend.clear_session(free_memory=False)
    model = build_plainly(cell, seed, dataset, network)
    batches = epoch_batches(len(dataset.x_train), trainer, seed)
    order = batches.ravel()
    steps = batches.shape[0] * batches.shape[1]
    schedule = keras.optimizers.schedules.CosineDecay(trainer.learning_rate, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(schedule), loss, metrics=["accuracy"])

    # One epoch as long as all of them, so that the batches are the same; it spares Keras the ends
    # of the other epochs.
    x = dataset.x_train[order]
    y = dataset.y_train[order]
    model.fit(x, y, trainer.batchsize, verbose=0, shuffle=False)
    _, accuracy = model.evaluate(dataset.x_val, dataset.y_val, batch_size=512, verbose=0)
    return float(accuracy)


def build_plainly(cell: Cell, seed: int, dataset: Dataset, network: NetworkSpec) -> "keras.Model":
    """Return the child of ``cell`` in standard Keras layers."""
    import keras

    from pnas.children.network import keras_layers

    keras_layers.KerasLayers.conv_class = keras.layers.Conv2D
    keras_layers.KerasLayers.separable_class = keras.layers.SeparableConv2D
    keras_layers.KerasLayers.norm_class = keras.layers.BatchNormalization
    keras.utils.set_random_seed(seed)
    return keras_layers.build_model(cell, network, dataset.image_shape, dataset.num_classes)
