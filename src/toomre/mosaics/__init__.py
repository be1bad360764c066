"""From sky to stamps: survey images and a table of positions in, cutouts out, nothing written."""
