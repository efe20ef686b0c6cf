"""Turn new posts of a static site into mailing-list campaigns, one each."""

__version__ = "0.1.0"
