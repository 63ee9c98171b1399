"""Tenants as files: written, compared, applied. `format` is the file, `planning` the questions, `applying` the deed."""

from .applying import PASSWORD, Applied, Refused, apply_bundle, apply_to, create, plan
from .exporting import export
from .format import Bundle, BundleAccount, parse_bundle, read_bundle, write_bundle
from .planning import Change, changes

__all__ = [
    "PASSWORD", "Applied", "Bundle", "BundleAccount", "Change", "Refused", "apply_bundle", "apply_to", "changes",
    "create", "export", "parse_bundle", "plan", "read_bundle", "write_bundle",
]  # fmt: skip
