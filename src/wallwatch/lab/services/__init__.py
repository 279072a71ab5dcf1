"""Test doubles of services and resolvers. A module here defines `SERVICE`; this is what runs them.

The lab's supervisor forks a process for each host, enters the host's namespaces and calls `run_services`.
"""

from __future__ import annotations

from wallwatch.lab.services._context import Running, Service, ServiceContext
from wallwatch.lab.services._run import run_services

__all__ = ["Running", "Service", "ServiceContext", "run_services"]
