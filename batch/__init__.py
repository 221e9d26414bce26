"""Photos in bulk and the face set from the command line, on the data folder or against a running server."""
