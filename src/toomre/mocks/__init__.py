"""A simulator of merging and other galaxies, drawn cutouts, and how a survey sees them.

Nothing here needs torch. `toomre.mocks.sample` is the simulator's front door.
"""
