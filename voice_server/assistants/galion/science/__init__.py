"""What Galion computes. Plain functions of text and numbers; nothing that was said is ever executed as code."""
