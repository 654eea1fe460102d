"""Builds the wheel with the files of conf/ in it, as the package `pnas.conf`.

All else is in pyproject.toml, which has no way to say that a package lies outside of its parent.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["pnas", "pnas.*"]), "pnas.conf"],
    package_dir={"pnas.conf": "conf"},
    package_data={
        "pnas": ["py.typed"],
        "pnas.conf": ["*.yaml", "**/*.yaml"],
        "pnas.reports.html": ["web/*"],
    },
)
