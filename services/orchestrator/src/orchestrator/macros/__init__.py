"""Macros: answers to recurring questions, suggested from what staff said, approved by people, inserted by staff."""
