"""Figures of Galaxy Zoo 2's 37 vote fractions: arrays in, a matplotlib figure out."""
