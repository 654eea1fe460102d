"""Training of the children of a search: the fast loop and its parts."""
