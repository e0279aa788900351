"""Sentence embeddings: which model makes them, how, and which were made before."""
