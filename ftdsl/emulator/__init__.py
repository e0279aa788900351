"""OpenAI's fine-tuning API over loopback, with state: for tests, rehearsals and demonstrations."""
