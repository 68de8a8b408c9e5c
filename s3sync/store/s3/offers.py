"""Aspects of S3 beyond the port, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s3sync.store.aspects import Accounts, Administers, Presigns, ReadsTimed, StorageClasses, Tags, Thaws, Versions
from s3sync.store.batching import Batches
from s3sync.store.forms import Forms
from s3sync.store.money import Bills, Budgets
from s3sync.store.port import Bucket
from s3sync.store.replicating import Replicates, Roles
from s3sync.store.s3.requests import Requests


def _bucket(io: Requests) -> Bucket:
    from s3sync.store.s3.bucket import S3Bucket

    return S3Bucket(io)


def _versions(io: Requests) -> Versions:
    from s3sync.store.s3.versions import S3Versions

    return S3Versions(io)


def _presigns(io: Requests) -> Presigns:
    from s3sync.store.s3.presign import S3Presigns

    return S3Presigns(io)


def _tags(io: Requests) -> Tags:
    from s3sync.store.s3.tags import S3Tags

    return S3Tags(io)


def _classes(io: Requests) -> StorageClasses:
    from s3sync.store.s3.cold import S3Classes

    return S3Classes(io)


def _thaws(io: Requests) -> Thaws:
    from s3sync.store.s3.cold import S3Thaws

    return S3Thaws(io)


def _administers(io: Requests) -> Administers:
    from s3sync.store.s3.administration import S3Administration

    return S3Administration(io)


def _accounts(io: Requests) -> Accounts:
    from s3sync.store.s3.accounts import S3Accounts

    return S3Accounts(io)


def _bills(io: Requests) -> Bills:
    from s3sync.store.s3.money import S3Bills

    return S3Bills(io)


def _budgets(io: Requests) -> Budgets:
    from s3sync.store.s3.money import S3Budgets

    return S3Budgets(io)


def _replicates(io: Requests) -> Replicates:
    from s3sync.store.s3.replication import S3Replication

    return S3Replication(io)


def _roles(io: Requests) -> Roles:
    from s3sync.store.s3.accounts import S3Roles

    return S3Roles(io)


def _batches(io: Requests) -> Batches:
    from s3sync.store.s3.batches import S3Batches

    return S3Batches(io)


def _forms(io: Requests) -> Forms:
    from s3sync.store.s3.forms import S3Forms

    return S3Forms(io)


def _reads_timed(io: Requests) -> ReadsTimed:
    from s3sync.store.s3.timed import S3ReadsTimed

    return S3ReadsTimed(io)


OFFERED: Mapping[type, Callable[[Requests], Any]] = {
    Bucket: _bucket,
    Versions: _versions,
    Presigns: _presigns,
    Tags: _tags,
    StorageClasses: _classes,
    Thaws: _thaws,
    Administers: _administers,
    Accounts: _accounts,
    ReadsTimed: _reads_timed,
    Forms: _forms,
    Bills: _bills,
    Budgets: _budgets,
    Replicates: _replicates,
    Roles: _roles,
    Batches: _batches,
}
