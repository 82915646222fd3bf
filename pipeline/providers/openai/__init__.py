"""OpenAI, and everything that speaks its API: vLLM, Ollama, self-hosted Whisper, a proxy."""
