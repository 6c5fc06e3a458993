"""Damaged pictures, forms and transformations, thrown at a started product."""
