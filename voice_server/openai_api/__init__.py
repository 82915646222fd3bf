"""OpenAI's HTTP API around the voice socket, on the server's own providers: one endpoint per module."""
