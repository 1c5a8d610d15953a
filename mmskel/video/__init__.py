"""Videos: sources, decoding, reading, writing, listing. Knows no skeleton."""
