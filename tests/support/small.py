"""The smallest search there is: a second of training a child."""

SMALL = (
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=2",
    "controller.K=2",
    "child.filters=2",
    "trainer.epochs=1",
)
"""3 children of one block and 2 of two. What stands behind it on a command line overrides it."""
