"""Who answers for an asset, of a catalogue and CODEOWNERS."""
