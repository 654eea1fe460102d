"""Gaussian process regression of rewards on cell features."""
