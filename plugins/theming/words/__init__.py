"""Terminology: a tenant's own terms in place of the product's, in every translated message."""
