"""HTML handlers, one module per page, and the table of routes."""

from __future__ import annotations

from .table import ROUTES as ROUTES
