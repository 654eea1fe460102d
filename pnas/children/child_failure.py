"""What ends one child's training without ending the search."""


class ChildFailure(Exception):
    """This child cannot be trained; the message says why in one line."""
