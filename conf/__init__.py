"""The configuration files of pnas, which the wheel holds as the package `pnas.conf` (setup.py)."""
