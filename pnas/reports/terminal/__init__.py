"""Tables and the live view of a terminal."""
