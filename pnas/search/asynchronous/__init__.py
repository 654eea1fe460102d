"""Searches that choose a cell whenever a worker is idle, without waiting for those in training."""
