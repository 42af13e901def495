"""The Django product: each folder is one step of the story told in docs/story.md."""
