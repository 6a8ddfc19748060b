"""Words of the trade: entities, images, intents, errors. A leaf: imports nothing of ours."""
