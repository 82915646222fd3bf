"""Rules that find what people say of themselves, without any provider; English and Italian."""
