"""Azure Blob Storage behind the port: obstore for reads, listings and small puts, azure-storage-blob for the rest."""

from s3sync.store.azure.adapter import AzureStore

__all__ = ["AzureStore"]
