"""Novelty: does a run draw pictures of its own, or its training pictures again?"""
