"""Scores and labels in, numbers and figures out; nothing here needs torch.

Metrics with intervals, calibration, thresholds, baselines and the report. matplotlib is needed by
the figures alone, which are in modules and folders named ``plots``.
"""
