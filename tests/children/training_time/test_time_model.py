import numpy as np
import pytest

from pnas.children import PNASNetworkSpec, count_network
from pnas.children.training_time import (
    MeasuredTraining,
    NetworkWork,
    Workload,
    mean_work,
    network_work,
    prior_model,
)
from pnas.search.pacing.forecast import sample_cells
from pnas.state_space import Cell, StateSpace

WORKLOAD = Workload((8, 8, 1), 10, 256, 1041, epochs=25, batchsize=64, validations=5)
NETWORK = PNASNetworkSpec()
CELL = Cell.parse("(-2, 3x3 dconv, -1, 3x3 maxpool)")


def work_of(cell: Cell) -> NetworkWork:
    return network_work(cell, NETWORK, WORKLOAD.image_shape, WORKLOAD.num_classes)


def measured(factor: float, count: int, noise: float = 0.0) -> list[MeasuredTraining]:
    """Trainings that took ``factor`` times as long as the prior says."""
    cells = sample_cells(StateSpace(B=3), 3, count, seed=1)
    generator = np.random.default_rng(0)
    trainings = []
    for cell in cells:
        seconds = factor * prior_model(WORKLOAD).seconds(work_of(cell))
        seconds *= np.exp(noise * generator.normal())
        trainings.append(MeasuredTraining(work_of(cell), WORKLOAD.epochs, seconds))
    return trainings


def test_the_work_of_a_network_has_its_multiply_adds() -> None:
    work = work_of(CELL)
    counts = count_network(CELL, NETWORK, WORKLOAD.image_shape, WORKLOAD.num_classes)
    assert work.dense_madds + work.depthwise_madds == counts.flops
    assert work.depthwise_madds > 0
    assert min(work) > 0


def test_identities_are_less_work_than_convolutions() -> None:
    small = work_of(Cell.parse("(-1, identity, -1, identity)"))
    large = work_of(Cell.parse("(-1, 5x5 dconv, -1, 5x5 dconv)"))
    model = prior_model(WORKLOAD)
    assert model.seconds(small) < model.seconds(large)


def test_time_grows_with_epochs_from_the_time_of_building() -> None:
    model = prior_model(WORKLOAD)
    work = work_of(CELL)
    built = model.seconds(work, epochs=0)
    short = model.seconds(work, epochs=5)
    full = model.seconds(work)
    assert 0 < built < short < full
    assert full - built == pytest.approx(5 * (short - built))
    assert model.seconds(work, epochs=25) == full


def test_without_measurements_it_is_the_prior() -> None:
    fitted = prior_model(WORKLOAD).fit([])
    assert fitted.measured == 0
    assert fitted.seconds(work_of(CELL)) == prior_model(WORKLOAD).seconds(work_of(CELL))


def test_one_child_tells_the_speed_of_a_machine() -> None:
    model = prior_model(WORKLOAD)
    fitted = model.fit(measured(5.0, count=1))
    assert fitted.measured == 1
    ratio = fitted.seconds(work_of(CELL)) / model.seconds(work_of(CELL))
    assert ratio == pytest.approx(5.0, rel=0.01)


def test_a_short_training_tells_as_much() -> None:
    model = prior_model(WORKLOAD)
    work = work_of(CELL)
    short = MeasuredTraining(work, epochs=2, seconds=4 * model.seconds(work, epochs=2))
    assert model.fit([short]).seconds(work) == pytest.approx(4 * model.seconds(work), rel=0.01)


def test_noise_is_averaged_out_and_known() -> None:
    model = prior_model(WORKLOAD)
    fitted = model.fit(measured(2.0, count=60, noise=0.2))
    assert fitted.seconds(work_of(CELL)) == pytest.approx(
        2 * model.seconds(work_of(CELL)), rel=0.15
    )
    assert fitted.spread == pytest.approx(0.2, abs=0.06)


def test_a_moment_in_which_the_machine_was_busy_changes_little() -> None:
    trainings = measured(1.0, count=15)
    busy = trainings[7]._replace(seconds=20 * trainings[7].seconds)
    fitted = prior_model(WORKLOAD).fit([*trainings, busy])
    expected = prior_model(WORKLOAD).seconds(work_of(CELL))
    assert fitted.seconds(work_of(CELL)) == pytest.approx(expected, rel=0.15)


def test_the_latest_measurements_count_most() -> None:
    slower = [*measured(1.0, count=100), *measured(3.0, count=100)]
    fitted = prior_model(WORKLOAD).fit(slower)
    expected = 3 * prior_model(WORKLOAD).seconds(work_of(CELL))
    assert fitted.seconds(work_of(CELL)) == pytest.approx(expected, rel=0.25)


def test_no_coefficient_is_negative() -> None:
    trainings = measured(1.0, count=5)
    odd = [each._replace(seconds=10.0 / (i + 1)) for i, each in enumerate(trainings)]
    assert (prior_model(WORKLOAD).fit(odd).coefficients >= 0).all()


def test_the_start_of_a_training_does_not_depend_on_its_epochs() -> None:
    model = prior_model(WORKLOAD)
    work = work_of(CELL)
    start = model.seconds(work, epochs=0)
    assert start > 0
    one = model.seconds(work, epochs=1) - start
    assert model.seconds(work, epochs=5) == pytest.approx(start + 5 * one)


def test_a_network_that_is_built_takes_the_time_of_its_epochs() -> None:
    model = prior_model(WORKLOAD)
    work = work_of(CELL)
    saved = model.seconds(work, epochs=5) - model.seconds(work, epochs=5, is_built=True)
    assert saved > 0
    of_whole = model.seconds(work) - model.seconds(work, is_built=True)
    assert of_whole == pytest.approx(saved)
    # A fit to both does not take the epochs for cheaper than they are.
    trainings = [
        MeasuredTraining(work, 5, 3 * model.seconds(work, 5)),
        MeasuredTraining(work, 25, 3 * model.seconds(work, 25, is_built=True), is_built=True),
    ]
    fitted = model.fit(trainings)
    assert fitted.seconds(work) == pytest.approx(3 * model.seconds(work), rel=0.02)


def test_the_mean_work_of_networks_takes_their_mean_time() -> None:
    model = prior_model(WORKLOAD)
    works = [work_of(cell) for cell in sample_cells(StateSpace(B=3), 3, 5, seed=1)]
    mean = sum(model.seconds(work) for work in works) / len(works)
    assert model.seconds(mean_work(works)) == pytest.approx(mean)
