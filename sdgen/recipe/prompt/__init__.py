"""How prompts are written: weights, chunks, choices, styles. Text in, text and numbers out."""
