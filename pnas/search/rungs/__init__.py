"""Short trainings first (``search.rungs``): many cells for few epochs, the best of them for all."""
