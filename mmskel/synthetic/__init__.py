"""Made-up motions, and videos in which people cut out of real ones act."""
