"""What surveys are like: bands, pixel scale, sharpness and depth, one small file a survey."""
