"""Stages of a CRM and kinds of customers of an ERP: what the pairing's rule table wants of either side."""

from crosswalk.lifecycle.rules import Move, Standing, kind_wanted, moves, stage_wanted

__all__ = ["Move", "Standing", "kind_wanted", "moves", "stage_wanted"]
