"""Random bytes, guided by coverage, into everything that parses what comes from outside."""
