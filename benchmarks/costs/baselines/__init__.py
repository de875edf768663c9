"""What functions are compared with, each a module as a function's: clients at import, and a handler."""
