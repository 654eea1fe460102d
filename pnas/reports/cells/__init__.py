"""Cells and networks, as graphs and as SVG drawings."""
