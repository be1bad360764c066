"""Arrays in, arrays out: reading, checks, resampling, flips and stretches; nothing needs torch."""
