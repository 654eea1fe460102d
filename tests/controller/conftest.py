"""Fixtures of predictors: a small space, small predictors, and rewards that can be learned."""

from support.predictor_cases import *  # noqa: F403
