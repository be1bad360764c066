"""Scores and labels in, numbers and figures out; nothing here needs torch.

Metrics with intervals, calibration, thresholds, baselines and the report; the figures are in
`toomre.evaluation.plots`, the only module here that needs matplotlib.
"""
