"""From bytes to sheets of cells: the type by content, the encoding without guessing, within limits."""
