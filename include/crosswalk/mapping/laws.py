"""The round-trip laws a mapped field declares, as checks on single values.

``get`` reads a native value, ``put`` writes a canonical one, ``stored`` is what the system then shows of it.

- **settled** (every law): what was read is in canonical form; reading it once more as its kind changes nothing.
- **PutGet** (iso): ``get(stored(put(v))) = v``. What is written is what is read.
- **GetPut** (iso): ``stored(put(get(s)))`` means the same as ``s``. Writing what was read changes nothing but spelling.
- **PutGetPut** (lossy): ``put(get(stored(put(v)))) = put(v)``. What is lost is lost once, so a sync comes to rest.
- one_way fields have no put: :meth:`crosswalk.mapping.engine.Mapper.to_native` refuses them.

PutPut is not demanded. Values that a lens refuses (Unfit) are outside its domain; the checks pass that on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.mapping.converters import Law

if TYPE_CHECKING:
    from crosswalk.mapping.lens import Lens
    from crosswalk.model.records import Value


def broken_by_native(lens: Lens, native: Value, region: str | None = None) -> str | None:
    """Return what the declared law has against ``native``, None when it holds. ``region`` is the record's country."""
    value = lens.read(native, region)
    if not _same(lens.settled(value, region), value):
        return f"settled: {native!r} is read as {value!r}, which is not in canonical form"
    if lens.field.law is Law.ISO:
        back = _stored(lens, value)
        if not _same(lens.spelling(back, region), lens.spelling(native, region)):
            return f"GetPut: {native!r} is read as {value!r} and written back as {back!r}"
    return None


def broken_by_canonical(lens: Lens, value: Value, region: str | None = None) -> str | None:
    """Return what the declared law has against writing ``value``, None when it holds."""
    if lens.field.law is Law.ONE_WAY:
        return None
    written = lens.write(value)
    again = lens.read(_stored(lens, value), region)
    if lens.field.law is Law.ISO and not _same(again, value):
        return f"PutGet: {value!r} is written as {written!r} and read back as {again!r}"
    if lens.field.law is Law.LOSSY and not _same(lens.write(again), written):
        return (
            f"PutGetPut: {value!r} is written as {written!r}, read back as {again!r}, written as {lens.write(again)!r}"
        )
    return None


def _stored(lens: Lens, value: Value) -> Value:
    written = lens.write(value)
    return None if written is None else lens.stored(written)


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and one == other
