"""OpenAI Realtime (GA) as JSON, mapped to the pipeline's events and back. Nothing here awaits or knows a socket."""
