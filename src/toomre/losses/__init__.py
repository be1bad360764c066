"""Losses: one idea a file; each is a module from one `DomainBatch` to a scalar."""
