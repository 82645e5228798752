"""The Home Assistant side: toggles, entities, events in and out."""
