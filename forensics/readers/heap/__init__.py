"""Heap dump formats: one file each."""
