"""Metrics export formats: one file each."""
