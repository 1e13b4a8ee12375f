"""Run the whole: analyses in order, notebooks, the report; with progress, cache and locks."""
