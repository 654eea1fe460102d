"""Long trainings of one cell (`task=train`): Keras's ``fit`` with everything that `pnas.children.recipe` names.

The children of a search are trained by `pnas.children.search_training.fast_loop`, which is lean because they live for seconds.
"""
