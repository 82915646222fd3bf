"""Resuming: a client that lost its socket, its tab or its server goes on with the conversation, on any task."""
