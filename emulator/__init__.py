"""The AiSEG: one emulated gateway with its household, its panel and its way to the cloud."""
