"""A second generator of incidents, written apart from ``simulate.py``, through real file formats.

``plan`` draws what happens, ``machine`` plays it process by process, ``spell`` writes it in the
words and formats of some exporter. ``python -m tests.verdict.foreign FIRST STOP`` scores the
whole tool on it, from files to verdict.
"""
