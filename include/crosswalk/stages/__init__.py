"""The life of a record, one module a step: pull, link, plan, gate, deliver, settle, check."""
