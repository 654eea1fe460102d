"""Hydra looks for plugins in every package below `hydra_plugins`."""
