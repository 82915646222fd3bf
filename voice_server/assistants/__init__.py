"""Who answers: an assistant's persona, its tools, its vocabulary and what it can do without any provider's key."""
