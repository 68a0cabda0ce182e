"""What finds faces: one extractor a file, each with `open_extractor(files, device)`."""
