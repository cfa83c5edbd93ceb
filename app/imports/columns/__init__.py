"""Each column of a list described once: its names, its parser, its field, how it is exported and shown in the template."""
