"""Formats that tell what changed or happened: calendars, rollouts, events, alerts."""
