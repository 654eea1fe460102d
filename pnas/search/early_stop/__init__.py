"""Ending trainings early that will hardly become one of the best (``search.early_stop``)."""
