"""mocksrv: a local sandbox server that stands in for OTP vendors' HTTP APIs."""

__version__ = "0.1.0"
