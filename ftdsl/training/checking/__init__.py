"""What is checked and counted before anything is trained, by the tokenizer alone."""
