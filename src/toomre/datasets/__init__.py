"""Prepared images as batches for training: labelled (source) and unlabelled (target)."""
