"""Who is the subject: by a segmentation network, or by colours where there is none."""
