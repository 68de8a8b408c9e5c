"""Settings and where each came from.

Order: flag, environment, `.video-tools.env`, `.s3sync.yaml`, the user's own file, default.
"""

from s3sync.config.locate import ENV_FILE, REPO_FILE, find_repo_root, is_of_repository, user_file
from s3sync.config.mask import masked
from s3sync.config.read import TRUST_VARIABLE, says_trust
from s3sync.config.secrets import mask_url
from s3sync.config.settings import Settings, load_settings
from s3sync.config.values import Setting, name_problem
from s3sync.config.write import replace_file, write_repo_config, write_user_config

__all__ = [
    "ENV_FILE",
    "REPO_FILE",
    "TRUST_VARIABLE",
    "Setting",
    "Settings",
    "find_repo_root",
    "is_of_repository",
    "load_settings",
    "mask_url",
    "masked",
    "name_problem",
    "replace_file",
    "says_trust",
    "user_file",
    "write_repo_config",
    "write_user_config",
]
