"""Readers and writers of motions and bags."""
