"""The reward model against simulated searches whose truth is known."""

import numpy as np
import pytest

from pnas.records.reward_model import fit_reward_model, known_exactly, probabilities_best


def simulated(
    generator: np.random.Generator, spread: float, noise: float
) -> tuple[np.ndarray, list[list[float]]]:
    """Expected rewards of 40 cells, and their trainings: four of the eight that look best first."""
    truth = generator.normal(0.9, spread, size=40)
    rewards = [[float(mean + generator.normal() * noise)] for mean in truth]
    first = np.array([each[0] for each in rewards])
    for i in np.argsort(-first)[:8]:
        for _ in range(3):
            rewards[i].append(float(truth[i] + generator.normal() * noise))
    return truth, rewards


def test_without_repeated_trainings_the_noise_is_not_known() -> None:
    assert fit_reward_model([[0.9], [0.8]]) is None


def test_the_noise_is_recovered_although_the_best_only_were_trained_again() -> None:
    generator = np.random.default_rng(0)
    models = [fit_reward_model(simulated(generator, 0.02, 0.01)[1]) for _ in range(100)]
    noises = [model.noise for model in models if model is not None]
    assert np.mean(noises) == pytest.approx(0.01, rel=0.05)


def test_a_cell_with_one_training_is_shrunk_more_than_one_with_four() -> None:
    _, rewards = simulated(np.random.default_rng(0), 0.01, 0.01)
    model = fit_reward_model(rewards)
    assert model is not None
    assert 0.9 < model.expected([0.94]) < model.expected([0.94] * 4) < 0.94
    assert model.standard_error(4) == pytest.approx(model.noise / 2)


def test_the_expected_reward_of_the_highest_is_not_biased() -> None:
    generator = np.random.default_rng(1)
    errors = []
    for _ in range(200):
        truth, rewards = simulated(generator, 0.01, 0.01)
        model = fit_reward_model(rewards)
        assert model is not None
        best = int(np.argmax([max(each) for each in rewards]))
        errors.append(model.expected(rewards[best]) - truth[best])
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.001


@pytest.mark.parametrize("spread", [0.005, 0.01, 0.02])
def test_stated_probabilities_are_those_of_being_right(spread: float) -> None:
    generator = np.random.default_rng(2)
    stated = []
    right = []
    for seed in range(200):
        truth, rewards = simulated(generator, spread, 0.01)
        finalists = [i for i, each in enumerate(rewards) if len(each) > 1]
        model = fit_reward_model(rewards)
        assert model is not None
        probabilities = probabilities_best([rewards[i] for i in finalists], model, seed)
        assert probabilities.sum() == pytest.approx(1)
        chosen = int(probabilities.argmax())
        stated.append(probabilities[chosen])
        right.append(truth[finalists[chosen]] == truth[finalists].max())
    assert np.mean(right) == pytest.approx(np.mean(stated), abs=0.08)


def test_without_noise_the_best_is_known_and_equals_share() -> None:
    model = known_exactly([0.9, 0.8])
    assert probabilities_best([[0.8], [0.9], [0.7]], model, 0).tolist() == [0, 1, 0]
    assert probabilities_best([[0.9], [0.9], [0.7]], model, 0).tolist() == [0.5, 0.5, 0]


def test_where_all_rewards_are_equal_all_are_the_best() -> None:
    model = fit_reward_model([[0.5, 0.5], [0.5]])
    assert model is not None
    assert model.noise == pytest.approx(0, abs=1e-5)
    probabilities = probabilities_best([[0.5, 0.5], [0.5]], model, 0)
    assert probabilities == pytest.approx([0.5, 0.5], abs=0.02)


def test_equal_trainings_of_a_cell_do_not_make_its_rank_certain() -> None:
    cells = [[0.95, 0.95], [0.949], [0.94]]
    model = fit_reward_model(cells)
    assert model is not None
    assert model.noise > 0.001 / 12**0.5
    assert model.deviation([0.94]) > 0
    assert 0.5 < probabilities_best(cells, model, 0)[0] < 0.95


def test_equal_rewards_are_equal_whatever_their_sum_is_rounded_to() -> None:
    # The mean of three 0.9 is 0.9, that of three 0.7 is not 0.7.
    noises = []
    for reward in (0.7, 0.9):
        model = fit_reward_model([[reward] * 3, [reward - 0.1], [reward - 0.2]])
        assert model is not None
        noises.append(model.noise)
    assert noises[0] == pytest.approx(noises[1])


def test_the_resolution_of_rewards_leaves_trainings_that_differ_alone() -> None:
    model = fit_reward_model([[0.90, 0.92], [0.88], [0.86]])
    assert model is not None
    # Of a large lambda S is the sum of squares within cells.
    assert model.squares[-1] == pytest.approx(2 * 0.01**2, rel=0.01)


def test_the_deviation_covers_what_is_not_known_of_the_mean_of_all_cells() -> None:
    generator = np.random.default_rng(4)
    covered = []
    for _ in range(300):
        truth = generator.normal(0.9, 0.01, size=6)
        rewards = [[float(mean + 0.02 * generator.normal())] for mean in truth]
        for cell in (0, 1, 2, 3):
            rewards[cell].append(float(truth[cell] + 0.02 * generator.normal()))
        model = fit_reward_model(rewards)
        assert model is not None
        for mean, own in zip(truth, rewards, strict=True):
            covered.append(abs(mean - model.expected(own)) < 1.96 * model.deviation(own))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_the_deviation_is_that_of_samples_of_the_whole_hierarchy() -> None:
    cells = [[0.90, 0.92, 0.88], [0.88, 0.91, 0.90], [0.86, 0.89], [0.9], [0.87], [0.91]]
    model = fit_reward_model(cells)
    assert model is not None
    generator = np.random.default_rng(0)
    ratios = np.geomspace(1e-3, 1e4, 141)  # the grid of lambda
    chosen = ratios[generator.choice(len(ratios), size=100_000, p=model.weights)]
    sizes = np.array([len(each) for each in cells])
    means = np.array([np.mean(each) for each in cells])
    within = sum(float(np.sum((np.asarray(each) - np.mean(each)) ** 2)) for each in cells)
    v = chosen[:, None] + 1 / sizes
    precision = (1 / v).sum(axis=1)
    center = (means / v).sum(axis=1) / precision
    squares = within + ((means - center[:, None]) ** 2 / v).sum(axis=1)
    variance = squares / generator.chisquare(sizes.sum() - 1, size=len(chosen))
    mean = center + np.sqrt(variance / precision) * generator.normal(size=len(chosen))
    for reward, number in ((0.9, 1), (0.9, 3)):
        own = chosen / (chosen + 1 / number)
        noise = np.sqrt(own * variance / number) * generator.normal(size=len(chosen))
        sampled = own * reward + (1 - own) * mean + noise
        assert model.deviation([reward] * number) == pytest.approx(sampled.std(), rel=0.03)


@pytest.mark.parametrize(("images", "sigma"), [(100, 0.005), (360, 0.01)])
def test_a_coincidence_leaves_as_much_doubt_as_there_is(images: int, sigma: float) -> None:
    generator = np.random.default_rng(3)
    stated: list[float] = []
    right = []
    while len(stated) < 60:
        truth = generator.normal(0.9, 0.015, size=12)
        rounded = np.round((truth + sigma * generator.normal(size=12)) * images) / images
        best = int(rounded.argmax())
        again = round((truth[best] + sigma * generator.normal()) * images) / images
        if again != rounded[best]:
            continue
        cells = [[float(reward)] for reward in rounded]
        cells[best].append(float(again))
        model = fit_reward_model(cells)
        assert model is not None
        probabilities = probabilities_best(cells, model, len(stated))
        stated.append(probabilities.max())
        right.append(truth[probabilities.argmax()] == truth.max())
    assert np.mean(stated) < 0.95
    assert np.mean(right) == pytest.approx(np.mean(stated), abs=0.15)


def test_what_all_cells_share_is_left_out_of_comparisons() -> None:
    rewards = [[0.9, 0.92], [0.88], [0.86], [0.87], [0.9]]
    model = fit_reward_model(rewards)
    assert model is not None
    for each in rewards:
        assert model.deviation_among_cells(each) < model.deviation(each)
    many = fit_reward_model([*rewards, *([0.88 + 0.001 * i] for i in range(200))])
    assert many is not None
    assert many.deviation_among_cells([0.9]) == pytest.approx(many.deviation([0.9]), rel=0.02)
