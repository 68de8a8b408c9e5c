"""Kinds of stores that another tool sets up, and the command of it that does what `setup` does on S3.

Sources: https://cloud.google.com/sdk/gcloud/reference/storage/buckets,
https://cloud.google.com/sdk/gcloud/reference/billing/budgets/create,
https://learn.microsoft.com/cli/azure/storage/container, https://learn.microsoft.com/cli/azure/role/assignment,
https://learn.microsoft.com/cli/azure/consumption/budget, https://rclone.org/commands/rclone_mkdir/
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from s3sync.config import mask_url
from s3sync.config.schemes import name_of_scheme, on_versions, remote_of, scheme_of
from s3sync.core.typed import typed
from s3sync.errors import Unsupported


class Deed(StrEnum):
    """Purpose of a word of `setup`."""

    BUCKET, CHECK, MEMBER, BUDGET = "bucket", "check", "member", "budget"


_ON_GOOGLE: Mapping[Deed, str] = {
    Deed.BUCKET: "`gcloud storage buckets create {bucket} --location=LOCATION --uniform-bucket-level-access "
    "--public-access-prevention` makes it, and `gcloud storage buckets update {bucket} --versioning` has it keep what "
    "is replaced",
    Deed.CHECK: "`gcloud storage buckets describe {bucket}` shows how it is set up; `s3sync doctor` tries what you may",
    Deed.MEMBER: "`gcloud storage buckets add-iam-policy-binding {bucket} --member=user:ADDRESS "
    "--role=roles/storage.objectUser` lets a member in, roles/storage.objectViewer who only fetches",
    Deed.BUDGET: "`gcloud billing budgets create --billing-account=ACCOUNT --display-name=s3sync --budget-amount=20USD`"
    " mails the account's owners",
}
_ON_AZURE: Mapping[Deed, str] = {
    Deed.BUCKET: "`az storage container create --account-name {account} --name {container} --auth-mode login` makes it,"
    " and `az storage account blob-service-properties update --account-name {account} --enable-versioning true` has "
    "the account keep what is replaced",
    Deed.CHECK: "`az storage container show --account-name {account} --name {container} --auth-mode login` shows how it"
    " is set up; `s3sync doctor` tries what you may",
    Deed.MEMBER: "`az role assignment create --role 'Storage Blob Data Contributor' --assignee ADDRESS --scope "
    '"$(az storage account show --name {account} --query id --output tsv)"` lets a member in, \'Storage Blob Data '
    "Reader' who only fetches",
    Deed.BUDGET: "the portal has it under Cost Management, Budgets",
}
_IN_A_FOLDER: Mapping[Deed, str] = {
    Deed.BUCKET: "`s3sync init` makes the folder; there is nothing else to set up",
    Deed.CHECK: "`s3sync doctor` tries what you may",
    Deed.MEMBER: "who may write there is the disk's to say, or the NAS's",
    Deed.BUDGET: "a disk sends no bill",
}
_ON_A_REMOTE: Mapping[Deed, str] = {
    Deed.BUCKET: "`rclone mkdir {remote}` makes the folder",
    Deed.CHECK: "`rclone about {name}` shows what room is left; `s3sync doctor` tries what you may",
    Deed.MEMBER: "share the folder on the service's own website; each member sets up a remote of the same name",
    Deed.BUDGET: "the service's own website says what it costs",
}
_OTHERS: Mapping[str, tuple[str, Mapping[Deed, str], str]] = {
    "gs": ("Google Cloud's", _ON_GOOGLE, "docs/stores/gcs.md"),
    "az": ("Azure's", _ON_AZURE, "docs/stores/azure.md"),
    "file": ("the disk's", _IN_A_FOLDER, "docs/stores/folder.md"),
    "rclone": ("the service's", _ON_A_REMOTE, "docs/stores/rclone.md"),
}
_WHAT = {
    Deed.BUCKET: "s3sync sets up buckets on S3 alone",
    Deed.CHECK: "s3sync compares the setup of buckets on S3 alone",
    Deed.MEMBER: "s3sync makes users and policies on S3 alone",
    Deed.BUDGET: "s3sync makes budgets on AWS alone",
}


def refuse_elsewhere(url: str, deed: Deed) -> None:
    """Raise `Unsupported` for a store that is no bucket on S3, with what does it there."""
    if name_of_scheme(url) not in _OTHERS:
        return
    whose, words, page = _OTHERS[name_of_scheme(url)]
    if scheme_of(url).by_remote:
        name, path = remote_of(url)
        told = words[deed].format(remote=typed(f"{name}:{path}"), name=typed(f"{name}:"))
    else:
        told = on_versions(words[deed], url, "")
    raise Unsupported(
        _WHAT[deed], why=f"{mask_url(url)} is {whose} to set up", hint=f"{told}. {page} has the steps from zero"
    )
