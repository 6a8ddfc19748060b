"""One account, a customer in each of several subsidiaries of the ERP: which scored pairs would make a customer a further one.

An account that is linked is matched no more, but for the subsidiaries in which it has no customer: one of the customers left over there may
be the same company. Its customers in other subsidiaries are no rivals then; those in the same one are, as are all other accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.blocking import Pairs

FURTHER = "the account has a customer in another subsidiary: this would be a further one"
Places = npt.NDArray[np.int64]
Order = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Several:
    """Accounts may have a customer in each subsidiary. ``has`` says in which ones every linked account has a living one.

    With ``asks``, a person says of each further customer that it is one, however much speaks for it.
    """

    has: Mapping[str, Set[str]]
    asks: bool = True


@dataclass(frozen=True, slots=True)
class Spread:
    """Pairs over subsidiaries, by pair: a number for account and subsidiary (``places``), whether the subsidiary is known, whether the
    account has a customer there, and whether it has one at all.
    """

    asks: bool
    places: Places
    known: Marks
    taken: Marks
    linked: Marks

    def further(self, pairs: Pairs, sure: Order) -> Marks:
        """Tell which pairs give an account that has a customer, or is ``sure`` to, one where it has none."""
        has_one = self.linked | np.isin(pairs.left, pairs.left[sure])
        has_here = self.taken | np.isin(self.places, self.places[sure])
        return self.known & has_one & ~has_here & ~np.isin(pairs.right, pairs.right[sure])


def spread(several: Several, accounts: Sequence[str], subsidiaries: Sequence[str], pairs: Pairs) -> Spread:
    """Return how ``pairs`` are spread; ``accounts`` are the keys of the left side, ``subsidiaries`` those of the right side's records."""
    number = {name: at for at, name in enumerate(dict.fromkeys(("", *subsidiaries)))}
    codes = np.fromiter((number[name] for name in subsidiaries), np.int64, len(subsidiaries))[pairs.right]
    places = pairs.left.astype(np.int64) * len(number) + codes
    linked = np.fromiter((key in several.has for key in accounts), np.bool_, len(accounts))
    has = [
        at * len(number) + number[name]
        for at in np.flatnonzero(linked).tolist()
        for name in several.has[accounts[at]]
        if name in number
    ]
    return Spread(several.asks, places, codes != 0, np.isin(places, np.array(has, dtype=np.int64)), linked[pairs.left])
