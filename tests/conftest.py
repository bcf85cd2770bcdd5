"""Every test runs with the package's shape annotations checked."""

import signal

from jaxtyping import install_import_hook

install_import_hook("latent_spaces_by_example", "beartype.beartype")

# Run in the background, a shell lets us ignore Ctrl-C, and what the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
