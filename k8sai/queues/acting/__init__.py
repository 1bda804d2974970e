"""What stop, resume and move write, step by step."""
