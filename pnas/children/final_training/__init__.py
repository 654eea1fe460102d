"""Final training of one cell (``task=train``): Keras's ``fit`` with regularization.

The children of a search are trained by `pnas.children.search_training`, which has less to offer
and less overhead, because they live for seconds.
"""
