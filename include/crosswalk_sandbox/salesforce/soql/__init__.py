"""SOQL: text → tree (:mod:`parse`) → SQL on the store (:mod:`compile`) → records (:mod:`execute`)."""
