"""``target openai``: training through the fine-tuning API that OpenAI and others serve."""
