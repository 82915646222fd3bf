"""Speech-to-text, language models and text-to-speech: one Protocol each, one package per vendor."""
