"""Drawn cutouts, until the simulator stands here; nothing needs torch."""
