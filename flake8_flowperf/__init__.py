"""A flake8 plugin and a fixer for the anti-patterns of a performance guide."""

__version__ = "0.1.0"
