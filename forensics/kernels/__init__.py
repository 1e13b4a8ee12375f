"""Compiled loops: arrays in, arrays out. They raise nothing; a code says what happened."""
