"""On what it is measured: manifests, loaders, the synthetic corpus, preparation."""
