"""Whether a search is worth its cost, estimated from a few trainings before it begins."""
