"""What a tester may see and change of a sandbox; ``web.admin`` offers it over HTTP."""
