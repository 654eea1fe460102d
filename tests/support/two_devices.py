"""Train one child on one device and on two logical CPUs of a process; print both curves as JSON."""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, ".")

import tensorflow as tf

from pnas.children import FinalTrainerSpec, PNASNetworkSpec
from pnas.children.final_training.long_training import FinalJob, train_final
from pnas.data import DigitsSpec, open_parts
from pnas.state_space import Cell

if __name__ == "__main__":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    trainer = FinalTrainerSpec(
        epochs=4, batchsize=64, validate_every=1, learning_rate=0.01, optimizer="momentum"
    )
    cell = Cell.parse("(-1, 3x3 conv, -2, 3x3 maxpool)")
    data = open_parts(DigitsSpec())
    curves = []
    for distribute in ("none", "mirrored"):
        folder = Path(tempfile.mkdtemp())
        job = FinalJob(
            cell, PNASNetworkSpec(filters=4), replace(trainer, distribute=distribute), seed=3
        )
        curves.append(train_final(job, data, folder / "c.npz", folder / "w.npz").epochs)
    print(json.dumps(curves))
