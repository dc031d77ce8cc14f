"""The override language: text to overrides and back."""
