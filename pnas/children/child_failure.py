"""The error that ends the training of one child without ending the search."""


class ChildFailure(Exception):
    """This child cannot be trained. The message says why in one line."""
