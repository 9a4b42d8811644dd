"""What the notebooks share. Import it before any library: it sets what they read from then on."""

from helpers.environment import set_defaults

set_defaults()
