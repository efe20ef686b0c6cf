"""Measurements: rates, and ratios against a named reference in the same run. Never a timed test."""
