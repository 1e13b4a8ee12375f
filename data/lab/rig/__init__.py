"""The lab's rig: real PostgreSQL, JVMs, Prometheus and load, driven by a scenario."""
