"""Builds the files of this folder and what is expected of them, byte by byte."""
