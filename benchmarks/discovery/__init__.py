"""How fast a gateway is found and announced: ours and the field's peers side by side, in the homes of `lab`."""
