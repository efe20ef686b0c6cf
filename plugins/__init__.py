"""Pelican plugins: the site's side of the project.

They are loaded by their full names (``plugins.manifest``), know Pelican, and of the pipeline only ``pipeline.posts``.
"""
