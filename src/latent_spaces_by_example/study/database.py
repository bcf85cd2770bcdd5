"""Temporary: names that the storage module will have."""

from latent_spaces_by_example.study.passwords import shown_storage as shown_storage
from latent_spaces_by_example.study.passwords import storage_errors as storage_errors
from latent_spaces_by_example.study.passwords import without_password as without_password
from latent_spaces_by_example.study.storages import open_storage as open_storage
from latent_spaces_by_example.study.storages import patiently as patiently
