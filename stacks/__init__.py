"""Infrastructure: one file, one stack. Knows `lambda_src` by its path only."""
