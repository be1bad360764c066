"""Trained networks at work: finding, checking and loading them, and scoring images."""
