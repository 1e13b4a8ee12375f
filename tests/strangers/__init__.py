"""Memory series as strangers make and write them: simulated processes in any file format.

A second zoo beside ``tests/zoo.py``, independent of it: processes are simulated step by step
(requests, caches of keys, collections, reclaim) instead of drawn as curves, noise may be heavy
tailed, quantised or bursty, and every case goes through a file before it is judged.
"""
