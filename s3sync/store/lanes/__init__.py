"""Common parts of the lanes of all stores: trying again, the limit on requests, failures, listings that end.

A lane is one library that speaks to a server. `lanes/obstore/` is the one that S3, Google Cloud Storage and Azure can
share; what only one vendor has (addresses, credentials, codes of errors) stays in that store's package.
"""
