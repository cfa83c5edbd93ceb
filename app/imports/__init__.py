"""Imports: a file → raw rows → a preview with every problem → apply through the services."""
