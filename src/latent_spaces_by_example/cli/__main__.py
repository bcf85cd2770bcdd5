"""``python -m latent_spaces_by_example.cli``: the command where no script is installed."""

from latent_spaces_by_example.cli.main import main

# a worker process imports this module again under another name
if __name__ == "__main__":
    main()
