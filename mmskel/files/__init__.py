"""Files: written whole or not at all; pickles that run nothing. Knows no skeleton."""
