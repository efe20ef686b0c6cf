"""Builds of a Pelican site that cost what changed: see README.md.

``python -m incremental content -o output -s pelicanconf.py`` takes the place of ``pelican``.
"""
