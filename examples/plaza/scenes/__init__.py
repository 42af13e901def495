"""The sample pictures: each a function that draws one scene on a canvas."""
