"""What the director asks: one small class per figure, read-only, over what the reader may see. Nobody imports it."""
