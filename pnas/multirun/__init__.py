"""Multiruns: the process of each job, its share of the machine, and what is said of failed jobs."""
