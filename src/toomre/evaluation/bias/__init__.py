"""Where a model fails: its scores against what is known of the galaxies.

Everything takes labels, scores and columns of a catalogue; nothing here needs torch.
"""
