"""Equivalence of PNAS cells: canonical forms, keys of whole arrays, exact counts, enumeration.

Two cells are equivalent when renumbering blocks and swapping the operands of blocks turns one into
the other: isomorphism of labelled directed acyclic graphs.
"""
