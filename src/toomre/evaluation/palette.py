"""The colours of all figures: told apart by colour-blind readers, one meaning each.

They are from the palette of Okabe & Ito (2008), "Color universal design".
"""

from __future__ import annotations

__all__ = ["GRID", "LEARNING_RATE", "MERGER", "NONMERGER", "REFERENCE", "ROC", "TRAIN", "VALID"]

#: Mergers.
MERGER = "#D55E00"
#: Nonmergers.
NONMERGER = "#0072B2"
#: The training part.
TRAIN = "#009E73"
#: The validation part.
VALID = "#CC79A7"
#: The learning rate.
LEARNING_RATE = "#56B4E9"
#: A curve of the model as a whole (ROC, reliability).
ROC = "#000000"
#: What a model is compared with: chance, perfect calibration, the threshold.
REFERENCE = "#767676"
#: Grid lines.
GRID = "#E3E3E3"
