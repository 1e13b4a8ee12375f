"""The package version, alone in a file so that builds read it without importing numba."""

__version__ = "0.1.0"
