"""``python -m latent_spaces_by_example``: the command ``lsbe`` where no script is installed."""

from latent_spaces_by_example.cli import main

# a worker process imports this module again under another name
if __name__ == "__main__":
    main()
