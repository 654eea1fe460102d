"""Multiruns: how jobs are launched, and what share of the machine each of them takes."""
