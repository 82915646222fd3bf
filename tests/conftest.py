"""What holds for all tests."""

from hypothesis import settings

# The same examples on every run: a test that fails fails again, and one that passes has not been lucky.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")

# Real servers, started by the run when the first test asks for them.
pytest_plugins = ("tests.services.asking", "tests.services.postgres", "tests.services.redis", "tests.services.s3")
